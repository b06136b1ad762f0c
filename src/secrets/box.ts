import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  id: string;
  bytes: Buffer;
  /** Of digests, so that no key has two uses. */
  digests: Buffer;
}

/**
 * Encrypts what the record keeps and must not show. Each secret has a data key of its own, under which it is encrypted
 * (AES-256-GCM); the data key is encrypted with a key that lies elsewhere. Both are bound to what the secret belongs to.
 *
 * Sealed it is `key id.data key.secret`; before there were data keys it was `key id.secret`, which is still opened.
 */
export class SecretBox {
  readonly #secrets: () => readonly string[];
  #known: { secrets: readonly string[]; keys: Key[] } | undefined;

  /**
   * @param secrets what the keys are derived from: the first seals, each opens what it has sealed. A function is asked
   * each time, for keys that change while the process runs.
   */
  constructor(secrets: readonly string[] | (() => readonly string[])) {
    this.#secrets = typeof secrets === 'function' ? secrets : () => secrets;
    if (this.#keys.length === 0) throw new Error('a secret box needs a key');
  }

  /**
   * The secret as text for the record.
   * @param context what it belongs to; it can be opened for that alone, wherever it is copied.
   */
  seal(secret: string, context: string): string {
    const dataKey = randomBytes(KEY_BYTES);
    return [...this.#wrap(dataKey, context), encrypt(dataKey, Buffer.from(secret), context)].join('.');
  }

  /** @throws Error when it was sealed with another key or for another context, or changed since. */
  open(sealed: string, context: string): string {
    const { key, wrapped, text } = this.#read(sealed);
    const dataKey = wrapped === undefined ? key.bytes : decrypt(key.bytes, wrapped, keyContext(context));
    return decrypt(dataKey, text, context).toString('utf8');
  }

  /**
   * The same secret under the first key: its data key is encrypted anew, and the secret itself stays as it is.
   * @returns undefined when it is under that key already.
   * @throws Error as `open` does.
   */
  rewrap(sealed: string, context: string): string | undefined {
    const { key, wrapped, text } = this.#read(sealed);
    if (wrapped === undefined) return this.seal(this.open(sealed, context), context);
    if (key === this.#keys[0]) return undefined;
    const dataKey = decrypt(key.bytes, wrapped, keyContext(context));
    return [...this.#wrap(dataKey, context), text].join('.');
  }

  /** The id of the first key: tells keys apart, and nothing of them. */
  get keyId(): string {
    return (this.#keys[0] as Key).id;
  }

  /** Tells texts apart, without a way back: also from a text that is easily guessed, for who has not the key. */
  digest(text: string): string {
    return createHmac('sha256', (this.#keys[0] as Key).digests)
      .update(text)
      .digest('base64url');
  }

  get #keys(): Key[] {
    const secrets = this.#secrets();
    if (this.#known?.secrets !== secrets) this.#known = { secrets, keys: secrets.map(keyOf) };
    return this.#known.keys;
  }

  #wrap(dataKey: Buffer, context: string): [string, string] {
    const [key] = this.#keys as [Key];
    return [key.id, encrypt(key.bytes, dataKey, keyContext(context))];
  }

  #read(sealed: string): { key: Key; wrapped: string | undefined; text: string } {
    const [id = '', ...texts] = sealed.split('.');
    const key = this.#keys.find((known) => known.id === id);
    if (key === undefined) throw new Error(`a secret was sealed with key ${id}, which is not given`);
    const [first = '', second] = texts;
    return second === undefined
      ? { key, wrapped: undefined, text: first }
      : { key, wrapped: first, text: second };
  }
}

/** A data key is none of the secrets, even were it copied to where one lies. */
const keyContext = (context: string): string => `key of ${context}`;

function encrypt(key: Buffer, bytes: Buffer, context: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
}

function decrypt(key: Buffer, text: string, context: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

/** RFC 5869: a key of the right length, whatever text the secret is. */
function keyOf(secret: string): Key {
  const derived = (use: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', `workflow-agent-host ${use}`, KEY_BYTES));
  const bytes = derived('secrets');
  return {
    id: createHash('sha256').update(bytes).digest('base64url').slice(0, 8),
    bytes,
    digests: derived('digests'),
  };
}
