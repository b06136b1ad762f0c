import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import * as oauth from 'oauth4webapi';
import { unavailable } from '../../errors.ts';

/** Metadata is read again after this long. */
const METADATA_MS = 3_600_000;
/** Keys are read again after this long, and at once for a key that is not known; but then not more often than so. */
const KEYS_MS = 600_000;
const KEYS_COOLDOWN_MS = 1_000;
const TIMEOUT_MS = 3_000;

/** The keys of an issuer: found by discovery, cached, read again when they are rotated. */
export class Issuer {
  readonly #url: URL;
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #readAt = 0;

  /** @param url as `iss` names it. */
  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** For jose's `jwtVerify`. @throws HostError `unavailable` when the issuer cannot be reached. */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#currentKeys();
    try {
      return await keys(header, token);
    } catch (error) {
      // That there is no such key is an answer; anything else is none.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported) throw error;
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw unreachable(error);
    }
  };

  #currentKeys(): Promise<JWTVerifyGetKey> {
    if (this.#keys === undefined || Date.now() - this.#readAt > METADATA_MS) {
      this.#readAt = Date.now();
      const former = this.#keys;
      this.#keys = this.#discover().catch((error) => {
        // The former metadata is better than none; the next call tries again.
        this.#readAt = 0;
        this.#keys = undefined;
        if (former !== undefined) return former;
        throw unreachable(error);
      });
    }
    return this.#keys;
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const { jwks_uri } = await this.#metadata('oidc').catch(() => this.#metadata('oauth2'));
    if (jwks_uri === undefined) throw new Error('its metadata names no jwks_uri');
    return createRemoteJWKSet(new URL(jwks_uri), {
      cacheMaxAge: KEYS_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
      timeoutDuration: TIMEOUT_MS,
    });
  }

  /** OpenID Connect Discovery 1.0 §4, or RFC 8414 §3. */
  async #metadata(algorithm: 'oidc' | 'oauth2'): Promise<oauth.AuthorizationServer> {
    const response = await oauth.discoveryRequest(this.#url, {
      algorithm,
      // The setting allows http for loopback alone.
      [oauth.allowInsecureRequests]: this.#url.protocol === 'http:',
      signal: () => AbortSignal.timeout(TIMEOUT_MS),
    });
    return oauth.processDiscoveryResponse(this.#url, response);
  }
}

const unreachable = (error: unknown) => unavailable('The issuer of the token cannot be reached', error);
