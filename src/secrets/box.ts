import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  id: string;
  bytes: Buffer;
}

/** Encrypts what the record keeps and must not show: AES-256-GCM, under keys that lie elsewhere. */
export class SecretBox {
  readonly #keys: Key[];

  /** @param secrets what the keys are derived from: the first seals, each opens what it has sealed. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map(keyOf);
    if (this.#keys.length === 0) throw new Error('a secret box needs a key');
  }

  /**
   * The secret as text for the record.
   * @param context what it belongs to; it can be opened for that alone, wherever it is copied.
   */
  seal(secret: string, context: string): string {
    const [key] = this.#keys as [Key];
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context));
    const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${key.id}.${sealed.toString('base64url')}`;
  }

  /** @throws Error when it was sealed with another key or for another context, or changed since. */
  open(sealed: string, context: string): string {
    const [id = '', text = ''] = sealed.split('.');
    const key = this.#keys.find((known) => known.id === id);
    if (key === undefined) throw new Error(`a secret was sealed with key ${id}, which is not given`);
    const bytes = Buffer.from(text, 'base64url');
    const decipher = createDecipheriv(CIPHER, key.bytes, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  }
}

/** RFC 5869: a key of the right length, whatever text the secret is. The id tells keys apart and nothing of them. */
function keyOf(secret: string): Key {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'workflow-agent-host secrets', 32));
  return { id: createHash('sha256').update(bytes).digest('base64url').slice(0, 8), bytes };
}
