import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import * as oauth from 'oauth4webapi';
import { unavailable } from '../../errors.ts';

/** Metadata is read again after this long. */
const METADATA_MS = 3_600_000;
/** Keys are read again after this long, and at once for a key that is not known; but then not more often than so. */
const KEYS_MS = 600_000;
const KEYS_COOLDOWN_MS = 1_000;
/** While the issuer does not answer, the keys read last go on being taken for this long. */
const KEYS_KEPT_MS = 86_400_000;
/** An issuer that did not answer is asked again so often, and nobody waits for it until it has been left alone longer. */
const RETRY_MS = 10_000;
const AWAY_MS = 60_000;
const TIMEOUT_MS = 3_000;

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/** The keys of an issuer: found by discovery, cached, read again when they are rotated. */
export class Issuer {
  readonly #url: URL;
  #keys: RemoteKeys | undefined;
  #metadataAt = Number.NEGATIVE_INFINITY;
  #keysAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #away = false;
  #reading: Promise<RemoteKeys> | undefined;

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

  async #currentKeys(): Promise<RemoteKeys> {
    const keys = this.#keys;
    const age = Date.now() - this.#keysAt;
    if (keys === undefined || age > KEYS_KEPT_MS) return this.#read();
    if (age <= KEYS_MS) return keys;
    const askedMs = Date.now() - this.#askedAt;
    if (!this.#away || askedMs > AWAY_MS) return this.#read().catch(() => keys);
    if (askedMs > RETRY_MS) this.#read().catch(() => undefined);
    return keys;
  }

  /** One asks for all who wait. */
  #read(): Promise<RemoteKeys> {
    this.#reading ??= this.#ask()
      .then(
        (keys) => {
          this.#away = false;
          return keys;
        },
        (error) => {
          this.#away = true;
          throw unreachable(error);
        },
      )
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #ask(): Promise<RemoteKeys> {
    this.#askedAt = Date.now();
    const keys = await this.#remoteKeys();
    await keys.reload();
    this.#keys = keys;
    this.#keysAt = Date.now();
    return keys;
  }

  async #remoteKeys(): Promise<RemoteKeys> {
    const former = this.#keys;
    if (former !== undefined && Date.now() - this.#metadataAt <= METADATA_MS) return former;
    try {
      const keys = await this.#discover();
      this.#metadataAt = Date.now();
      return keys;
    } catch (error) {
      // The former metadata is better than none; the next reading tries again.
      if (former !== undefined) return former;
      throw error;
    }
  }

  async #discover(): Promise<RemoteKeys> {
    const { jwks_uri } = await this.#metadata('oidc').catch(() => this.#metadata('oauth2'));
    if (jwks_uri === undefined) throw new Error('its metadata names no jwks_uri');
    return createRemoteJWKSet(new URL(jwks_uri), {
      // When they are read again is said above.
      cacheMaxAge: Number.POSITIVE_INFINITY,
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
