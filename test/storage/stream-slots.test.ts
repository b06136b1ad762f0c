import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { forgetStreams, PrismaStreamSlots } from '../../src/storage/stream-slots.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let first: PrismaStreamSlots;
let second: PrismaStreamSlots;

beforeAll(async () => {
  database = await startTestDatabase();
  first = new PrismaStreamSlots(database.prisma);
  second = new PrismaStreamSlots(database.prisma);
}, 60_000);
afterAll(() => database?.stop());
beforeEach(() => database.prisma.streamSlot.deleteMany());

const LIMITS = { perCaller: 2, perAgent: 3 };
const take = (owner: string, on = first, limits: { perCaller?: number; perAgent?: number } = LIMITS) =>
  on.take({ owner, agentCode: 'echo' }, { perCaller: limits.perCaller, perAgent: limits.perAgent });

test('of many at once on two processes as many are taken as may be', async () => {
  const taken = await Promise.all(
    Array.from({ length: 10 }, (_, index) => take('alice', index % 2 === 0 ? first : second)),
  );
  expect(taken.filter((one) => 'release' in one)).toHaveLength(2);
  expect(taken.find((one) => 'full' in one)).toEqual({ full: 'caller' });
});

test('an agent has a limit of its own, for all callers together', async () => {
  for (const owner of ['alice', 'alice', 'bob']) expect(await take(owner)).toHaveProperty('release');
  expect(await take('carol')).toEqual({ full: 'agent' });
  expect(await take('carol', first, { perCaller: 2 })).toHaveProperty('release');
});

test('one that ended is free again', async () => {
  const [one] = [await take('alice'), await take('alice')];
  if (!('release' in one)) throw new Error('not taken');
  one.release();
  await until('a free slot', async () => ('release' in (await take('alice')) ? true : undefined));
});

test('what a dead process held is free once it has expired, and is forgotten', async () => {
  await take('alice');
  await take('alice');
  await database.prisma.$executeRaw`update stream_slot set expires_at = now() - interval '1 second'`;
  expect(await take('alice')).toHaveProperty('release');
  await forgetStreams(database.prisma);
  expect(await database.prisma.streamSlot.count()).toBe(1);
});
