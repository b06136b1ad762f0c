/** A caller's credential, sent as an agent's card asks. Pure. */
import type { AgentCard } from '@a2a-js/sdk';

/** Puts it into a request; the URL is changed when that is where it goes. */
export type Present = (url: URL, headers: Headers) => void;

/** By the first of the card's requirements that one credential can meet; as a bearer token when it says nothing. */
export function presentAs(card: AgentCard, credential: string): Present {
  const names = card.securityRequirements.flatMap(({ schemes }) => Object.keys(schemes));
  for (const name of names.length > 0 ? names : Object.keys(card.securitySchemes)) {
    const scheme = card.securitySchemes[name]?.scheme;
    if (scheme?.$case === 'apiKeySecurityScheme') {
      const { location, name: field } = scheme.value;
      if (location === 'query') return (url) => url.searchParams.set(field, credential);
      if (location === 'cookie') return (_url, headers) => headers.append('cookie', `${field}=${credential}`);
      return (_url, headers) => headers.set(field, credential);
    }
    if (scheme?.$case === 'httpAuthSecurityScheme') {
      const kind = scheme.value.scheme.toLowerCase() === 'basic' ? 'Basic' : 'Bearer';
      return (_url, headers) => headers.set('authorization', `${kind} ${credential}`);
    }
  }
  return (_url, headers) => headers.set('authorization', `Bearer ${credential}`);
}
