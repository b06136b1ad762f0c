import type { ApiKeys } from './api-keys.ts';
import { looksLikeKey } from './api-keys.ts';
import { type Caller, LOCAL_CALLER } from './caller.ts';
import type { Door } from './door.ts';
import { type AuthScheme, Refusal } from './refusal.ts';

/** A request as any surface has it: what says who calls, and what a proof is bound to. */
export interface Presented {
  /** The values of the header fields; more than one is an error that is told. */
  authorization: string[];
  apiKey: string[];
  dpop: string[];
  /** HTTP's method, and the URL as the client wrote it. */
  method: string;
  url: string;
  /** Where the request came from. */
  address: string | undefined;
}

/** Recognises access tokens; without one only API keys are known. */
export interface TokenVerifier {
  /** The signature algorithms of proofs, as a challenge names them. */
  readonly dpopAlgorithms: string;
  /** @throws Refusal; HostError `unavailable` when the issuer or the record cannot be reached. */
  verify(token: string, scheme: AuthScheme, presented: Presented): Promise<Authenticated>;
}

export interface Authenticated {
  caller: Caller;
  /** A fresh nonce for the client's next proof. */
  nonce?: string | undefined;
}

export interface AuthenticatorOptions {
  keys: ApiKeys;
  tokens?: TokenVerifier | undefined;
  door: Door;
}

/** Says who calls. It knows no surface: HTTP's guard and gRPC's ask alike. */
export class Authenticator {
  readonly #keys: ApiKeys;
  readonly #tokens: TokenVerifier | undefined;
  readonly #door: Door;
  readonly #local: Caller;

  constructor({ keys, tokens, door }: AuthenticatorOptions) {
    this.#local = { ...LOCAL_CALLER, holds: async () => door.isOpen() };
    this.#keys = keys;
    this.#tokens = tokens;
    this.#door = door;
  }

  get dpopAlgorithms(): string | undefined {
    return this.#tokens?.dpopAlgorithms;
  }

  /**
   * The caller; undefined when no credential was presented to a host that asks for one.
   * @throws Refusal 400 or 401; HostError `unavailable` when it cannot be found out.
   */
  async authenticate(presented: Presented): Promise<Authenticated | undefined> {
    const credential = credentialOf(presented);
    if (credential !== undefined && looksLikeKey(credential.value)) {
      const found = await this.#keys.verify(credential.value);
      if (!('problem' in found)) return this.#byKey(found, credential);
      // Where nobody is asked who they are, a wrong answer is none.
      if (await this.#door.isOpen()) return { caller: this.#local };
      const { problem, key, caller } = found;
      const { scheme } = credential;
      throw new Refusal(401, KEY_PROBLEMS[problem], { code: 'invalid_token', scheme }).of({ key, caller });
    }
    if (await this.#door.isOpen()) return { caller: this.#local };
    if (credential === undefined) return undefined;
    if (this.#tokens === undefined || credential.field === 'x-api-key') {
      throw new Refusal(401, 'The credential is not known', { code: 'invalid_token' });
    }
    return this.#tokens.verify(credential.value, credential.scheme, presented);
  }

  #byKey(caller: Caller, { scheme }: Credential): Authenticated {
    this.#door.close();
    if (scheme === 'Bearer') return { caller };
    throw new Refusal(401, 'An API key is sent as Bearer or in x-api-key', { code: 'invalid_token', scheme });
  }
}

const KEY_PROBLEMS = {
  unknown: 'The API key is not known',
  revoked: 'The API key is revoked',
  expired: 'The API key has expired',
};

interface Credential {
  field: 'authorization' | 'x-api-key';
  scheme: AuthScheme;
  value: string;
}

// RFC 9110 §11.4: the scheme in any case, and a token68.
const AUTHORIZATION = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** @throws Refusal when there is more than one, or one that cannot be read. */
function credentialOf({ authorization, apiKey, dpop }: Presented): Credential | undefined {
  const given = [...authorization, ...apiKey];
  if (given.length > 1) {
    throw new Refusal(400, 'Present one credential, in one header', {
      code: 'invalid_request',
      scheme: dpop.length > 0 ? 'DPoP' : 'Bearer',
    });
  }
  const [value] = given;
  if (value === undefined) return undefined;
  if (apiKey.length > 0) return { field: 'x-api-key', scheme: 'Bearer', value };
  const [, scheme, token] = AUTHORIZATION.exec(value) ?? [];
  // A scheme we do not speak is as good as none: the answer says which ones we do.
  if (scheme === undefined || token === undefined) {
    return { field: 'authorization', scheme: 'Bearer', value: '' };
  }
  return {
    field: 'authorization',
    scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer',
    value: token,
  };
}
