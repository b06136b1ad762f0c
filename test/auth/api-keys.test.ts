/** API keys on a real Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeys, expiryOf } from '../../src/auth/api-keys.ts';
import { PrismaApiKeyStore } from '../../src/storage/api-key-store.ts';
import { PrismaAuditLog } from '../../src/storage/audit-log.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const ADMIN = { by: 'key:admin', from: '192.0.2.1' };
let database: TestDatabase;
let store: PrismaApiKeyStore;
let keys: ApiKeys;
let audit: PrismaAuditLog;

beforeAll(async () => {
  database = await startTestDatabase();
  store = new PrismaApiKeyStore(database.prisma);
  keys = new ApiKeys(store);
  audit = new PrismaAuditLog(database.prisma);
});

afterAll(() => database.stop());

test('a key is shown once, kept as a hash, and opens what its scopes say', async () => {
  expect(await store.any()).toBe(false);
  const { key, secret } = await keys.create({ name: 'ci', scopes: ['agents:read', 'agents:invoke'] }, ADMIN);
  expect(secret).toMatch(/^ak_[a-z0-9]{12}_[\w-]{32}$/);
  expect(secret.startsWith(`${key.id}_`)).toBe(true);
  expect(await keys.verify(secret)).toMatchObject({
    id: 'key:ci',
    scopes: new Set(['agents:read', 'agents:invoke']),
    how: 'api-key',
  });
  expect(await store.any()).toBe(true);
  const [row] = await database.prisma.$queryRaw<{ row: string }[]>`select api_key::text as row from api_key`;
  expect(row?.row).toContain(key.id);
  expect(row?.row).not.toContain(secret.slice(key.id.length));
});

test('keys of one name are one caller', async () => {
  const made = await Promise.all([1, 2].map(() => keys.create({ name: 'twin', scopes: ['admin'] }, ADMIN)));
  const callers = await Promise.all(made.map(({ secret }) => keys.verify(secret)));
  expect(callers.map((caller) => 'id' in caller && caller.id)).toEqual(['key:twin', 'key:twin']);
});

test.each([
  ['no key at all', () => 'ak_'],
  ['another secret', (secret: string) => `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`],
  ['another id', (secret: string) => secret.replace(/^ak_.{12}/, 'ak_000000000000')],
  ['its public half', (secret: string) => secret.slice(0, 15)],
  ['something after it', (secret: string) => `${secret} x`],
])('%s is unknown', async (_, change) => {
  const { secret } = await keys.create({ name: 'ci', scopes: ['admin'] }, ADMIN);
  expect(await keys.verify(change(secret))).toEqual({ problem: 'unknown' });
});

test('a revoked key is refused here at once, by another process within a second', async () => {
  const { key, secret } = await keys.create({ name: 'gone', scopes: ['admin'] }, ADMIN);
  const elsewhere = new ApiKeys(store);
  expect(await elsewhere.verify(secret)).toMatchObject({ id: 'key:gone' });
  expect(await keys.revoke(key.id, ADMIN)).toMatchObject({ id: key.id, revokedAt: expect.any(Date) });
  expect(await keys.verify(secret)).toEqual({ problem: 'revoked', key: key.id, caller: 'key:gone' });
  await until(
    'the other one',
    async () => ('problem' in (await elsewhere.verify(secret)) ? true : undefined),
    1_000,
  );
  const again = await keys.revoke(key.id, ADMIN);
  expect(again?.revokedAt).toEqual((await keys.list()).find(({ id }) => id === key.id)?.revokedAt);
  expect(await keys.revoke('ak_000000000000', ADMIN)).toBeUndefined();
});

test('an expired key is refused', async () => {
  const expiresAt = new Date(Date.now() + 60_000);
  const { key, secret } = await keys.create({ name: 'short', scopes: ['admin'], expiresAt }, ADMIN);
  expect(await keys.verify(secret)).toMatchObject({ id: 'key:short' });
  await database.prisma.apiKey.update({ where: { id: key.id }, data: { expiresAt: new Date() } });
  expect(await new ApiKeys(store).verify(secret)).toMatchObject({ problem: 'expired', caller: 'key:short' });
});

test('the last use is kept', async () => {
  const { key, secret } = await keys.create({ name: 'used', scopes: ['admin'] }, ADMIN);
  await keys.verify(secret);
  await until('the use', async () => (await store.find(key.id))?.lastUsedAt);
});

test.each([
  ['name', { name: '', scopes: ['admin'] }],
  ['name', { name: 'two words', scopes: ['admin'] }],
  ['scopes', { name: 'ci', scopes: [] }],
  ['scopes', { name: 'ci', scopes: ['everything'] }],
  ['expires', { name: 'ci', scopes: ['admin'], expiresAt: new Date(0) }],
])('%s is checked: %j', async (field, given) => {
  await expect(keys.create(given, ADMIN)).rejects.toMatchObject({ code: 'invalid_params', field });
});

test.each([
  ['45m', 2_700_000],
  ['12h', 43_200_000],
  ['30d', 2_592_000_000],
  ['2w', 1_209_600_000],
])('%s from now', (duration, ms) => {
  expect(expiryOf(duration, 0)).toEqual(new Date(ms));
});

test.each(['', '0d', '30', 'd', '-1d', '1y', '999999d'])('%j is no duration', (duration) => {
  expect(() => expiryOf(duration)).toThrow(expect.objectContaining({ field: 'expires' }));
});

test('who made and revoked keys is in the audit log, which only grows', async () => {
  const { key, secret } = await keys.create({ name: 'audited', scopes: ['admin'] }, ADMIN);
  await keys.revoke(key.id, ADMIN);
  await keys.revoke(key.id, ADMIN);
  const entries = await audit.read({ limit: 2 });
  expect(entries).toMatchObject([
    { event: 'key-revoked', caller: 'key:admin', address: '192.0.2.1', detail: { id: key.id } },
    { event: 'key-created', caller: 'key:admin', detail: { id: key.id, name: 'audited', scopes: ['admin'] } },
  ]);
  expect(JSON.stringify(entries)).not.toContain(secret.slice(key.id.length));
  for (const statement of [
    'update audit_entry set event = null',
    'delete from audit_entry',
    'truncate audit_entry',
  ]) {
    await expect(database.prisma.$executeRawUnsafe(statement)).rejects.toThrow(/append-only/);
  }
  expect(await audit.read({ limit: 1, event: 'key-created' })).toMatchObject([{ detail: { id: key.id } }]);
});
