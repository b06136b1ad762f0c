import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import Provider from 'oidc-provider';

export const AUDIENCE = 'urn:test:agent-host';

/**
 * A real authorization server on a free port of 127.0.0.1, with one confidential client, `robot`, and a public one,
 * `console`, for people, who may call themselves what they like.
 */
export interface AuthorizationServer {
  issuer: string;
  /** Its signing key, for tokens that it would never issue. */
  readonly key: JWK;
  /** A client-credentials token for the host; bound to a key when a DPoP handle is given. */
  token(options?: { scope?: string; dpop?: oauth.DPoPHandle }): Promise<string>;
  /** A token with claims and a header of the test's own, under the server's current key. */
  forge(claims: JWTPayload, header?: { alg?: string; typ?: string }): Promise<string>;
  /** Starts again at the same address with another key. */
  rotate(): Promise<void>;
  stop(): Promise<void>;
}

const CLIENT = { client_id: 'robot' };
const SECRET = 'robot-secret-that-is-long-enough';
const SCOPES = 'agents:read agents:invoke receipts:read admin';
export const INSECURE = { [oauth.allowInsecureRequests]: true };

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  let key = await newKey();
  let server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  server.on('request', providerFor(issuer, key));
  const metadata: oauth.AuthorizationServer = { issuer, token_endpoint: `${issuer}/token` };
  return {
    issuer,
    get key() {
      return key;
    },
    token: async ({ scope = 'agents:read agents:invoke', dpop } = {}) => {
      const response = await oauth.clientCredentialsGrantRequest(
        metadata,
        CLIENT,
        oauth.ClientSecretPost(SECRET),
        { scope, resource: AUDIENCE },
        { ...INSECURE, ...(dpop && { DPoP: dpop }) },
      );
      return (await oauth.processClientCredentialsResponse(metadata, CLIENT, response)).access_token;
    },
    forge: (claims, header) => {
      const now = Math.floor(Date.now() / 1_000);
      const payload = { iss: issuer, aud: AUDIENCE, sub: 'robot', scope: SCOPES, exp: now + 300, iat: now };
      return new SignJWT({ ...payload, ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(key.kid), ...header })
        .sign(key);
    },
    rotate: async () => {
      await close(server);
      key = await newKey();
      server = createServer(providerFor(issuer, key)).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    stop: () => close(server),
  };
}

function providerFor(issuer: string, key: JWK) {
  const provider = new Provider(issuer, {
    clients: [
      {
        ...CLIENT,
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: 'console',
        // As an application of this machine, it may be on any port of loopback (RFC 8252 §7.3).
        application_type: 'native',
        grant_types: ['authorization_code'],
        redirect_uris: ['http://127.0.0.1/'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    clientBasedCORS: () => true,
    jwks: { keys: [key] } as never,
    scopes: SCOPES.split(' '),
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: SCOPES,
          audience: AUDIENCE,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  return provider.callback();
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig', alg: 'ES256' };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
