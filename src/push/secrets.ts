import { pushConfigSecret } from '../secrets/contexts.ts';
import type { StoredConfig } from './ports.ts';
import type { PushConfig } from './push-config.ts';

/** What of a config is secret. */
export type Secrets = Pick<PushConfig, 'token' | 'authentication' | 'headers'>;

/** Encrypts text for one use of it. */
export interface SecretSealer {
  seal(secret: string, context: string): string;
  open(sealed: string, context: string): string;
}

/** A config's secrets as the record keeps them: each can be opened for the setting it was sealed for alone. */
export class ConfigSecrets {
  readonly #box: SecretSealer;

  constructor(box: SecretSealer) {
    this.#box = box;
  }

  seal({ token, authentication, headers }: Secrets, key: string): string | null {
    if (token === undefined && authentication === undefined && headers === undefined) return null;
    return this.#box.seal(JSON.stringify({ token, authentication, headers }), pushConfigSecret(key));
  }

  open({ key, secrets }: Pick<StoredConfig, 'key' | 'secrets'>): Secrets {
    return secrets === null ? {} : (JSON.parse(this.#box.open(secrets, pushConfigSecret(key))) as Secrets);
  }
}
