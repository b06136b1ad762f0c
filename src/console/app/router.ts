import { signal } from '@preact/signals';

/** Where the page is: `#/agents/echo?try=1` is the path `['agents', 'echo']` and the query `try=1`. */
export interface Route {
  path: readonly string[];
  query: URLSearchParams;
}

function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    query: new URLSearchParams(query),
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export type Query = Record<string, string | undefined>;

/** The address of a place in the page; what is undefined or empty in the query is left out. */
export function href(path: readonly string[], query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, value);
  }
  const text = params.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

export const route = signal<Route>(parseHash(location.hash));

/** Where the address is, of which the page may hear a moment later. */
export const address = (): Route => parseHash(location.hash);

addEventListener('hashchange', () => {
  route.value = parseHash(location.hash);
});

export function navigate(path: readonly string[], query?: Query): void {
  location.hash = href(path, query);
}

/** Goes there in place of where the page is, which is in no history then. */
export function redirect(path: readonly string[], query?: Query): void {
  const next = href(path, query);
  history.replaceState(history.state, '', next);
  route.value = parseHash(next);
}

/** Changes the query where the page is, without a step in the browser's history. */
export function setQuery(changes: Query): void {
  const { path, query } = route.value;
  redirect(path, { ...Object.fromEntries(query), ...changes });
}
