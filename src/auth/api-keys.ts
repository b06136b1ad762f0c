import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { invalidParams } from '../errors.ts';
import type { AuditEntry } from './audit.ts';
import { type Caller, SCOPES } from './caller.ts';

/** An API key as it is kept: the secret itself only as a hash. */
export interface ApiKey {
  /** What the key begins with: `ak_` and twelve letters and digits. Names the key, opens nothing. */
  id: string;
  /** Who calls with it. Keys of one name are one caller, so that a key can be replaced by another. */
  name: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date | undefined;
  revokedAt: Date | undefined;
  /** To the minute. */
  lastUsedAt: Date | undefined;
}

export interface StoredKey extends ApiKey {
  /** SHA-256 of the whole key, hex. */
  hash: string;
}

/** The record of keys, which every process of a deployment shares. A change and its audit entry are one write. */
export interface ApiKeyStore {
  insert(key: StoredKey, audit: AuditEntry): Promise<void>;
  find(id: string): Promise<StoredKey | undefined>;
  /** All, oldest first, also those that are revoked or have expired. */
  list(): Promise<ApiKey[]>;
  /** The key as it now stands; undefined when there is none of this id. One revoked before stays as it is. */
  revoke(id: string, audit: AuditEntry): Promise<ApiKey | undefined>;
  /** Notes a use, unless one was noted within the last minute. */
  touch(id: string): Promise<void>;
  /** Whether there was ever a key, a revoked one too. */
  any(): Promise<boolean>;
}

export interface NewKey {
  name: string;
  scopes: readonly string[];
  expiresAt?: Date | undefined;
}

/** Why a key opens nothing, and which it is where its secret is right. */
export interface RefusedKey {
  problem: 'unknown' | 'revoked' | 'expired';
  key?: string;
  /** Who called with it. */
  caller?: string;
}

const callerId = ({ name }: Pick<ApiKey, 'name'>): string => `key:${name}`;

/** Who does it, for the audit log. */
export interface Actor {
  by: string;
  from?: string | undefined;
}

/** A key that was read is believed for this long: so soon a revocation holds on every process. */
const BELIEVED_MS = 500;
const KNOWN_KEYS = 10_000;
const TOUCH_EVERY_MS = 60_000;
// 24 random bytes as base64url: beyond guessing, so that a plain hash is enough.
const KEY = /^(ak_[A-Za-z0-9]{12})_[A-Za-z0-9_-]{32}$/;

export const looksLikeKey = (credential: string): boolean => credential.startsWith('ak_');

/** The host's own credentials: made, recognised, revoked. */
export class ApiKeys {
  readonly #store: ApiKeyStore;
  readonly #known: LRUCache<string, StoredKey>;

  constructor(store: ApiKeyStore) {
    this.#store = store;
    this.#known = new LRUCache({
      max: KNOWN_KEYS,
      ttl: BELIEVED_MS,
      ttlResolution: 50,
      // Who asked before a key was forgotten is told what was read.
      ignoreFetchAbort: true,
      fetchMethod: (id) => store.find(id),
    });
  }

  /**
   * Makes a key. The secret is in the answer and nowhere else.
   * @throws HostError `invalid_params` naming the field.
   */
  async create({ name, scopes, expiresAt }: NewKey, actor: Actor): Promise<{ key: ApiKey; secret: string }> {
    const stored: Omit<StoredKey, 'hash'> = {
      id: `ak_${randomUUID().replaceAll('-', '').slice(0, 12)}`,
      name: checkName(name),
      scopes: checkScopes(scopes),
      createdAt: new Date(),
      expiresAt: checkExpiry(expiresAt),
      revokedAt: undefined,
      lastUsedAt: undefined,
    };
    const secret = `${stored.id}_${randomBytes(24).toString('base64url')}`;
    await this.#store.insert(
      { ...stored, hash: hashOf(secret) },
      {
        event: 'key-created',
        caller: actor.by,
        address: actor.from,
        detail: { id: stored.id, name, scopes: stored.scopes, expiresAt: expiresAt?.toISOString() },
      },
    );
    return { key: stored, secret };
  }

  list(): Promise<ApiKey[]> {
    return this.#store.list();
  }

  /** Whether anybody could be let in by a key as things stand. */
  async anyUsable(): Promise<boolean> {
    const keys = await this.#store.list();
    return keys.some((key) => problemOf(key) === undefined);
  }

  /** Undefined when there is no such key. A key that is revoked already stays as it is. */
  async revoke(id: string, actor: Actor): Promise<ApiKey | undefined> {
    const key = await this.#store.revoke(id, {
      event: 'key-revoked',
      caller: actor.by,
      address: actor.from,
      detail: { id },
    });
    this.#known.delete(id);
    return key;
  }

  /** Another process has changed it: what is known of it is out of date. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  /**
   * The caller of a key, or why it is none.
   * @throws HostError `unavailable` when the record cannot be reached.
   */
  async verify(secret: string): Promise<Caller | RefusedKey> {
    const [, id] = KEY.exec(secret) ?? [];
    if (id === undefined) return { problem: 'unknown' };
    const key = await this.#known.fetch(id);
    if (key === undefined || !sameHash(key.hash, hashOf(secret))) return { problem: 'unknown' };
    const problem = problemOf(key);
    if (problem !== undefined) return { problem, key: id, caller: callerId(key) };
    this.#touch(key);
    return this.#callerOf(key);
  }

  #callerOf(key: StoredKey): Caller {
    const known = CALLERS.get(key);
    if (known !== undefined) return known;
    const { id, name, scopes } = key;
    const holds = () => this.#holds(id);
    const caller: Caller = { id: callerId({ name }), scopes: new Set<string>(scopes), how: 'api-key', holds };
    CALLERS.set(key, caller);
    return caller;
  }

  async #holds(id: string): Promise<boolean> {
    const key = await this.#known.fetch(id);
    return key !== undefined && problemOf(key) === undefined;
  }

  #touch(key: StoredKey): void {
    const now = new Date();
    if (key.lastUsedAt !== undefined && now.getTime() - key.lastUsedAt.getTime() < TOUCH_EVERY_MS) return;
    key.lastUsedAt = now;
    // For the operator's eyes only: a use that is not noted is no reason to refuse it.
    this.#store.touch(key.id).catch(() => undefined);
  }
}

function problemOf({ revokedAt, expiresAt }: ApiKey): 'revoked' | 'expired' | undefined {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt.getTime() <= Date.now() ? 'expired' : undefined;
}

const CALLERS = new WeakMap<StoredKey, Caller>();

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const sameHash = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/;

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw invalidParams('name', 'must be 1 to 100 letters, digits, dots, hyphens, underscores or @');
}

// RFC 6749 §3.3, without the comma that parts them on the command line.
const SCOPE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,100}$/;

/** The host's own scopes, and those that an agent's `access` may name. */
function checkScopes(scopes: readonly string[]): string[] {
  const own: readonly string[] = SCOPES;
  if (!scopes.some((scope) => own.includes(scope))) {
    throw invalidParams('scopes', `must name at least one of ${own.join(', ')}`);
  }
  for (const scope of scopes) {
    if (!SCOPE.test(scope)) throw invalidParams('scopes', `${JSON.stringify(scope)} is not a scope`);
    // A mistyped one of ours would open less than was meant.
    if (/^(agents|receipts):/.test(scope) && !own.includes(scope)) {
      throw invalidParams('scopes', `${JSON.stringify(scope)} is none of ${own.join(', ')}`);
    }
  }
  return [...new Set(scopes)];
}

function checkExpiry(expiresAt: Date | undefined): Date | undefined {
  if (expiresAt === undefined) return undefined;
  if (Number.isNaN(expiresAt.getTime())) throw invalidParams('expires', 'is no date');
  if (expiresAt.getTime() <= Date.now()) throw invalidParams('expires', 'lies in the past');
  return expiresAt;
}

const DURATION = /^(\d{1,5})(m|h|d|w)$/;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * The moment a duration such as `30d`, `12h` or `45m` from now.
 * @throws HostError `invalid_params` for anything else.
 */
export function expiryOf(duration: string, now = Date.now()): Date {
  const [, count, unit] = DURATION.exec(duration) ?? [];
  if (count === undefined || Number(count) === 0) {
    throw invalidParams('expires', 'must be a duration such as 30d, 12h or 45m');
  }
  return new Date(now + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}
