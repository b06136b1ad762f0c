/** How a host lets callers in, as its cards tell it; a host without authentication has none. */
export interface CardAuth {
  /** Where its tokens come from, when it takes any. */
  openIdConnectUrl?: string;
}

/** The scopes that calls need, as an access token must carry them. */
const SCOPES = ['agents:read', 'agents:invoke'];

const API_KEY = { name: 'x-api-key', description: 'An API key of this host.' };
const BEARER = 'An API key of this host (ak_…), or an access token of its issuer.';
const DPOP = 'An access token bound to a key (RFC 9449), with a proof in the header DPoP.';

/** A2A v1.0 §4.5, §7. */
export function securityV1(auth: CardAuth | undefined): Record<string, unknown> {
  if (auth === undefined) return {};
  const { openIdConnectUrl } = auth;
  const requirement = (name: string, list: string[] = []) => ({ schemes: { [name]: { list } } });
  return {
    securitySchemes: {
      apiKey: { apiKeySecurityScheme: { ...API_KEY, location: 'header' } },
      bearer: { httpAuthSecurityScheme: { scheme: 'Bearer', description: BEARER } },
      ...(openIdConnectUrl === undefined
        ? {}
        : {
            dpop: { httpAuthSecurityScheme: { scheme: 'DPoP', description: DPOP } },
            openIdConnect: { openIdConnectSecurityScheme: { openIdConnectUrl } },
          }),
    },
    securityRequirements: [
      requirement('apiKey'),
      requirement('bearer'),
      ...(openIdConnectUrl === undefined ? [] : [requirement('dpop'), requirement('openIdConnect', SCOPES)]),
    ],
  };
}

/** A2A v0.3 §5.5.3 (OpenAPI's security schemes), with the `authentication` of v0.2 beside it. */
export function securityV03(auth: CardAuth | undefined): Record<string, unknown> {
  if (auth === undefined) return { securitySchemes: {}, security: [], authentication: { schemes: [] } };
  const { openIdConnectUrl } = auth;
  return {
    securitySchemes: {
      apiKey: { type: 'apiKey', in: 'header', ...API_KEY },
      bearer: { type: 'http', scheme: 'bearer', description: BEARER },
      ...(openIdConnectUrl === undefined
        ? {}
        : {
            dpop: { type: 'http', scheme: 'DPoP', description: DPOP },
            openIdConnect: { type: 'openIdConnect', openIdConnectUrl },
          }),
    },
    security: [
      { apiKey: [] },
      { bearer: [] },
      ...(openIdConnectUrl === undefined ? [] : [{ dpop: [] }, { openIdConnect: SCOPES }]),
    ],
    authentication: {
      schemes: openIdConnectUrl === undefined ? ['ApiKey', 'Bearer'] : ['ApiKey', 'Bearer', 'DPoP'],
    },
  };
}
