import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { HostError } from '../errors.ts';

/** What the host signs with, and what others verify it by. */
export interface SigningKeys {
  /** Ed25519; `kid` is in the JWKS. */
  current: { kid: string; privateKey: KeyObject };
  /** The current key first, then the old ones: what they signed is still to be verified. */
  publicJwks: JWK[];
}

interface Key {
  kid: string;
  key: KeyObject;
}

/**
 * Ed25519 keys as text: PEM blocks (PKCS8; SPKI for an old one), a JWK, or a JWK set. The first signs; of the
 * others only the public part is used. A JWK may name its `kid`; any other key has its RFC 7638 thumbprint.
 * @throws HostError `config` whose message begins with `source` and repeats nothing of the text.
 */
export async function parseSigningKeys(text: string, source: string): Promise<SigningKeys> {
  const keys = await Promise.all(readKeys(text, source).map(({ key, kid }) => named(key, kid)));
  const [first] = keys;
  if (first?.key.type !== 'private') throw refused(source, 'the first key must be a private one');
  const kids = keys.map(({ kid }) => kid);
  if (new Set(kids).size < kids.length) throw refused(source, 'names one key twice');
  return {
    current: { kid: first.kid, privateKey: first.key },
    publicJwks: keys.map(({ kid, key }) => publicJwk(kid, key)),
  };
}

interface Given {
  key: KeyObject;
  kid?: string | undefined;
}

function readKeys(text: string, source: string): Given[] {
  try {
    const given = /^\s*[[{]/.test(text) ? jwksIn(text).map(fromJwk) : pemsIn(text).map(fromPem);
    if (given.length > 0 && given.every(({ key }) => key.asymmetricKeyType === 'ed25519')) return given;
  } catch {
    // What the parsers say may quote the key.
  }
  throw refused(source, 'must hold Ed25519 keys, as PKCS8 PEM, JWK or JWK set');
}

function jwksIn(text: string): JWK[] {
  const value = JSON.parse(text) as JWK | JWK[] | { keys: JWK[] };
  if (Array.isArray(value)) return value;
  return 'keys' in value && Array.isArray(value.keys) ? value.keys : [value as JWK];
}

function fromJwk(jwk: JWK): Given {
  const input = { key: { ...jwk }, format: 'jwk' } as const;
  const key = jwk.d === undefined ? createPublicKey(input) : createPrivateKey(input);
  return { key, kid: typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : undefined };
}

/** Where a setting must fit on one line, its line breaks are written as `\n`. */
const pemsIn = (text: string): string[] =>
  text.replaceAll('\\n', '\n').match(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g) ?? [];

const fromPem = (pem: string): Given => ({
  key: pem.startsWith('-----BEGIN PUBLIC KEY') ? createPublicKey(pem) : createPrivateKey(pem),
});

async function named(key: KeyObject, kid: string | undefined): Promise<Key> {
  return { key, kid: kid ?? (await calculateJwkThumbprint(exported(key))) };
}

const exported = (key: KeyObject): JWK =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' }) as JWK;

/** RFC 8037 §2. */
const publicJwk = (kid: string, key: KeyObject): JWK => ({
  ...exported(key),
  kid,
  alg: 'EdDSA',
  use: 'sig',
});

const refused = (source: string, problem: string): HostError =>
  new HostError('config', `${source}: ${problem}`, { field: source });
