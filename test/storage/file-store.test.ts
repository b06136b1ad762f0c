import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PrismaFileStore } from '../../src/storage/file-store.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { NewFile } from '../../src/tasks/files.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { newTaskOf } from '../support/tasks.ts';

const CHUNK = 256 * 1024;
const HOUR = 3_600_000;
let database: TestDatabase;
let store: PrismaFileStore;

beforeAll(async () => {
  database = await startTestDatabase();
  store = new PrismaFileStore(database.prisma);
});

beforeEach(async () => {
  await database.prisma.task.deleteMany();
  await database.prisma.file.deleteMany();
});

afterAll(() => database.stop());

function fileOf(id: string, size = 100_000): NewFile {
  return { id, owner: 'alice', size, bytes: randomBytes(size), mediaType: 'image/png', filename: 'a.png' };
}

async function taskWith(...ids: string[]): Promise<string> {
  const message = {
    messageId: ids.join(),
    role: 'user' as const,
    parts: ids.map((id) => ({ file: { id, size: 1 } })),
  };
  const accepted = await new PrismaTaskStore(database.prisma).accept(newTaskOf({ message, digest: null }));
  if (accepted.outcome !== 'created') throw new Error(accepted.outcome);
  return accepted.task.id;
}

const read = async (id: string, start: number, end: number): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(id, start, end)) pieces.push(piece);
  return Buffer.concat(pieces);
};

describe('a file', () => {
  const SIZES = [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7];

  test.each(SIZES)('of %i bytes is read as it was written, whole and in part', async (size) => {
    const file = fileOf('f', size);
    await store.save(file);
    const ends = [0, 1, size >> 1, size - 1, size].filter((at) => at >= 0);
    for (const start of ends) {
      for (const end of ends.filter((at) => at >= start)) {
        const same = (await read('f', start, end)).equals(file.bytes.subarray(start, end));
        expect(same, `${start} to ${end}`).toBe(true);
      }
    }
  });

  test('is found once a task of its owner holds it, and by nobody else', async () => {
    await store.save(fileOf('f'));
    expect(await store.find('alice', 'f')).toBeUndefined();
    await taskWith('f');
    expect(await store.find('alice', 'f')).toEqual({
      id: 'f',
      size: 100_000,
      mediaType: 'image/png',
      filename: 'a.png',
    });
    expect(await store.find('bob', 'f')).toBeUndefined();
    expect(await store.find('alice', 'g')).toBeUndefined();
  });

  test('that a death left half-way is finished by whoever saves it again', async () => {
    const file = fileOf('f', 2 * CHUNK);
    await store.save(file);
    await database.prisma.fileChunk.deleteMany({ where: { ordinal: 1 } });
    await database.prisma.file.update({ where: { id: 'f' }, data: { complete: false } });
    await taskWith('f');
    expect(await store.find('alice', 'f')).toBeUndefined();
    await store.save(file);
    await taskWith('f');
    expect(await store.find('alice', 'f')).toBeDefined();
    expect((await read('f', 0, file.size)).equals(file.bytes)).toBe(true);
  });

  test('may have a name that Postgres would not take', async () => {
    await store.save({ ...fileOf('f'), filename: 'a\u0000\ud800.png' });
    await taskWith('f');
    expect((await store.find('alice', 'f'))?.filename).toBe('a\ufffd.png');
  });
});

describe('purge', () => {
  const purge = (after = '', limit = 100) => store.purge({ after, olderThanMs: HOUR, limit });
  const ids = async () =>
    (await database.prisma.file.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);
  const age = () => database.prisma.$executeRaw`update file set kept_at = now() - interval '2 hours'`;

  test('deletes no more bytes at once than a statement has time for', async () => {
    const size = 200 * 1024 * 1024;
    for (const id of ['a', 'b', 'c']) {
      await database.prisma.file.create({ data: { id, owner: 'alice', size } });
    }
    await age();
    expect(await purge()).toEqual({ deleted: 2, last: 'b' });
    expect(await purge('b')).toEqual({ deleted: 1, last: undefined });
  });

  test('deletes what no task has taken for long, with its bytes', async () => {
    for (const id of ['a', 'b', 'c']) await store.save(fileOf(id));
    const taskId = await taskWith('b');
    await age();
    await store.save(fileOf('d'));
    expect(await purge()).toEqual({ deleted: 2, last: undefined });
    expect(await ids()).toEqual(['b', 'd']);
    expect(await database.prisma.fileChunk.count()).toBe(2);
    await database.prisma.task.delete({ where: { id: taskId } });
    expect(await purge()).toEqual({ deleted: 1, last: undefined });
    expect(await ids()).toEqual(['d']);
  });

  test('keeps what two tasks hold until both are gone', async () => {
    await store.save(fileOf('a'));
    const first = await taskWith('a');
    await taskWith('a');
    await age();
    await database.prisma.task.delete({ where: { id: first } });
    expect((await purge()).deleted).toBe(0);
    expect(await store.find('alice', 'a')).toBeDefined();
  });

  test('spares what was handed in again', async () => {
    const file = fileOf('a');
    await store.save(file);
    await age();
    await store.save(file);
    expect((await purge()).deleted).toBe(0);
  });

  test('goes on where it was', async () => {
    for (const id of ['a', 'b', 'c']) await store.save(fileOf(id));
    await age();
    expect(await purge('', 2)).toEqual({ deleted: 2, last: 'b' });
    expect(await purge('b', 2)).toEqual({ deleted: 1, last: undefined });
  });
});
