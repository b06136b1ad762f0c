import type * as Oauth from 'oauth4webapi';
import { hostUrl } from '../api/http.ts';
import { keep } from './credential.ts';

/** How people sign in, as the host tells. */
export interface SignInSettings {
  issuer: string;
  client_id: string;
  scope: string;
  /** Whom the access token is for. */
  audience: string;
}

/** What is kept while the person is with the issuer. */
interface Errand {
  verifier: string;
  state: string;
  nonce: string;
  /** Where in the page they were. */
  hash: string;
}

const KEY = 'console.sign-in';

async function setUp(settings: SignInSettings) {
  const oauth = await import('oauth4webapi');
  // The host takes http for loopback alone.
  const insecure = { [oauth.allowInsecureRequests]: settings.issuer.startsWith('http:') };
  const issuer = new URL(settings.issuer);
  const response = await oauth.discoveryRequest(issuer, insecure);
  const server: Oauth.AuthorizationServer = await oauth.processDiscoveryResponse(issuer, response);
  return { oauth, insecure, server, client: { client_id: settings.client_id } };
}

const redirectUri = (): string => hostUrl('.');

/**
 * Leaves for the issuer: the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1).
 * @throws Error when the issuer cannot be reached from here.
 */
export async function leaveForIssuer(settings: SignInSettings): Promise<void> {
  const { oauth, server } = await setUp(settings);
  if (server.authorization_endpoint === undefined) throw new Error('The issuer lets nobody sign in');
  const errand: Errand = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    hash: location.hash,
  };
  sessionStorage.setItem(KEY, JSON.stringify(errand));
  const url = new URL(server.authorization_endpoint);
  const params = {
    client_id: settings.client_id,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: settings.scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(errand.verifier),
    code_challenge_method: 'S256',
    state: errand.state,
    nonce: errand.nonce,
    // RFC 8707 where it is a URI, and the name that others have for the same.
    ...(URL.canParse(settings.audience) ? { resource: settings.audience } : {}),
    audience: settings.audience,
  };
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Whether the page was opened by the issuer's answer. */
export const isReturning = (): boolean =>
  sessionStorage.getItem(KEY) !== null && /[?&](code|error)=/.test(location.search);

/** Takes the issuer's answer, and goes where the person was. @throws Error what the issuer says against it. */
export async function returnFromIssuer(settings: SignInSettings): Promise<void> {
  const answer = new URL(location.href);
  const errand: Errand = JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
  // Each answer is taken once, and stands in no history.
  sessionStorage.removeItem(KEY);
  history.replaceState(null, '', redirectUri() + errand.hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
  const { oauth, insecure, server, client } = await setUp(settings);
  const params = oauth.validateAuthResponse(server, client, answer, errand.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    params,
    redirectUri(),
    errand.verifier,
    {
      ...insecure,
      ...(URL.canParse(settings.audience) ? { additionalParameters: { resource: settings.audience } } : {}),
    },
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: errand.nonce,
  });
  keep({ token: tokens.access_token });
}
