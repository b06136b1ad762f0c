import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { forgetProofs, PrismaProofLog } from '../../src/storage/proof-log.ts';
import { forgetStreams, PrismaStreamSlots } from '../../src/storage/stream-slots.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let first: PrismaStreamSlots;
let second: PrismaStreamSlots;

beforeAll(async () => {
  database = await startTestDatabase({ alone: true });
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

test('a crash of Postgres lets no proof be used twice: those issued before it are refused', async () => {
  const proofs = new PrismaProofLog(database.prisma);
  const expires = new Date(Date.now() + 600_000);
  const note = (digest: number, issued: Date) => proofs.note(new Uint8Array([digest]), issued, expires);
  const issued = new Date();
  expect(await note(1, issued)).toBe('first');
  expect(await note(1, issued)).toBe('repeated');
  const [backend] = await database.prisma.$queryRaw<{ pid: number }[]>`
    select pid from pg_stat_activity where backend_type = 'checkpointer'`;
  process.kill(Number(backend?.pid), 'SIGKILL');
  // It may answer once more before it has noticed.
  const forgotten = () => note(1, issued).then((seen) => (seen === 'before' ? seen : undefined));
  await until('Postgres is back', () => forgotten().catch(() => undefined), 30_000);
  expect(await note(2, new Date(Date.now() + 1_000))).toBe('first');
  await forgetProofs(database.prisma);
  expect(await note(2, issued)).toBe('before');
}, 60_000);
