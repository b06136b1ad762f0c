import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sent } from '../../src/tasks/service.ts';
import type { Part, Task } from '../../src/tasks/task.ts';
import { agentOf } from '../support/agents.ts';
import { MAX_FILE, projectionOf, startTaskGround, type TaskGround, userMessageOf } from '../support/tasks.ts';

const echo = agentOf('echo');
const LARGE = 70_000;
let ground: TaskGround;

beforeAll(async () => {
  ground = await startTaskGround();
});

afterAll(() => ground.stop());

const rawOf = (bytes: number): string => randomBytes(bytes).toString('base64');

const send = (parts: Part[], given: object = {}, owner = 'alice'): Promise<Sent> =>
  ground.tasks.send({ owner, agent: echo, message: userMessageOf('', { parts, ...given }) });

const begun = async (parts: Part[]): Promise<Task> => (await send(parts)).task;

/** What the task's workflow was started with. */
const partsGiven = ({ id }: Task): Part[] => ground.engine.runs.get(id)?.input.message.parts ?? [];

const bytesOf = async (task: Task, part: Part | undefined): Promise<string> =>
  Buffer.from(await ground.files.read(task.id, part?.file?.id ?? '')).toString('base64');

const filesStored = () => ground.database.prisma.file.count();

describe('a large raw part', () => {
  test('reaches the workflow as a reference and everyone else as an address', async () => {
    const raw = rawOf(LARGE);
    const task = await begun([{ raw, mediaType: 'image/png', filename: 'a.png', metadata: { page: 1 } }]);
    const [given] = partsGiven(task);
    expect(given).toEqual({
      file: { id: expect.stringMatching(/^[\w-]{43}$/), size: LARGE },
      mediaType: 'image/png',
      filename: 'a.png',
      metadata: { page: 1 },
    });
    expect(task.history[0]?.parts).toEqual([{ ...given, url: `http://host/files/${given?.file?.id}` }]);
    expect(await bytesOf(task, given)).toBe(raw);
  });

  test('of 64 KB travels in the message, one byte more does not', async () => {
    const [small, large] = [rawOf(65_536), rawOf(65_537)];
    const task = await begun([{ raw: small }, { raw: large }]);
    expect(partsGiven(task)).toEqual([{ raw: small }, { file: { id: expect.any(String), size: 65_537 } }]);
  });

  test('counts neither as text nor as part of the message’s size', async () => {
    const raw = rawOf(1_900_000);
    const task = await begun([{ raw }, { text: 'done' }]);
    expect(await bytesOf(task, partsGiven(task)[0])).toBe(raw);
  });

  test('that came before is known: the same request, the same file', async () => {
    const parts = [{ raw: rawOf(LARGE) }];
    const { task } = await send(parts, { messageId: 'repeated' });
    const before = await filesStored();
    expect((await send(parts, { messageId: 'repeated' })).task.id).toBe(task.id);
    expect(await filesStored()).toBe(before);
    await expect(send([{ raw: rawOf(LARGE) }], { messageId: 'repeated' })).rejects.toMatchObject({
      code: 'invalid_params',
      field: 'message.messageId',
    });
  });

  test('is another file for another owner, type or name', async () => {
    const raw = rawOf(LARGE);
    const sent = await Promise.all([
      send([{ raw }]),
      send([{ raw }], {}, 'bob'),
      send([{ raw, mediaType: 'text/plain' }]),
      send([{ raw, filename: 'a' }]),
    ]);
    expect(new Set(sent.map(({ task }) => partsGiven(task)[0]?.file?.id)).size).toBe(4);
  });

  test('may continue a task', async () => {
    const { task } = await send([{ text: 'ask' }]);
    await ground.engine.idle();
    const raw = rawOf(LARGE);
    const message = userMessageOf('', { parts: [{ raw }] });
    const { task: after } = await ground.tasks.send({
      owner: 'alice',
      agent: echo,
      message,
      taskId: task.id,
    });
    const said = after.history.find(({ messageId }) => messageId === message.messageId);
    expect(said?.parts[0]?.url).toMatch(/^http:\/\/host\/files\//);
    expect(await bytesOf(task, said?.parts[0])).toBe(raw);
  });

  test('above the limit is refused by its place, and nothing is kept', async () => {
    const before = await filesStored();
    await expect(send([{ text: 'see' }, { raw: rawOf(MAX_FILE + 1) }])).rejects.toMatchObject({
      code: 'invalid_params',
      message: `message.parts[1].raw: has ${MAX_FILE + 1} bytes, at most ${MAX_FILE} are taken`,
    });
    expect(await filesStored()).toBe(before);
  });

  test('of a message that is refused is kept of no task', async () => {
    const { task } = await send([{ text: 'hold' }]);
    await ground.engine.idle();
    const message = userMessageOf('', { parts: [{ raw: rawOf(LARGE) }] });
    const late = ground.tasks.send({ owner: 'alice', agent: echo, message, taskId: task.id });
    await expect(late).rejects.toMatchObject({ code: 'unsupported_operation' });
    expect(await ground.database.prisma.taskFile.count({ where: { taskId: task.id } })).toBe(0);
  });
});

describe('a part that names a file', () => {
  test('is passed on between an owner’s tasks, and both have it', async () => {
    const first = await begun([{ raw: rawOf(LARGE) }]);
    const [part] = partsGiven(first);
    // As a workflow has it from another agent's answer.
    const second = await begun([{ ...part, url: 'http://elsewhere/' }]);
    expect(partsGiven(second)).toEqual([part]);
    await ground.database.prisma.task.delete({ where: { id: first.id } });
    expect(await bytesOf(second, part)).toMatch(/.{90000}/);
  });

  test.each(['bob', 'alice'])('of nobody, or of another owner, is refused (%s)', async (owner) => {
    const parts =
      owner === 'alice'
        ? [{ file: { id: 'x'.repeat(43), size: 1 } }]
        : partsGiven(await begun([{ raw: rawOf(LARGE) }]));
    await expect(send(parts, {}, owner)).rejects.toMatchObject({
      code: 'invalid_params',
      message: 'message.parts[0].file: is not known',
    });
  });

  test('of another owner gives a task nothing when its workflow makes it up', async () => {
    const [stolen] = partsGiven(await begun([{ raw: rawOf(LARGE) }]));
    const { task } = await send([{ text: 'hold' }], {}, 'bob');
    await ground.engine.idle();
    await ground.engine.report(task.id, { artifacts: [{ artifactId: 'a', parts: [stolen ?? {}] }] });
    const { artifacts } = await ground.tasks.get({ owner: 'bob', agentCode: 'echo', taskId: task.id });
    expect(artifacts[0]?.parts[0]?.file).toEqual(stolen?.file);
    expect(await ground.files.find('bob', stolen?.file?.id ?? '')).toBeUndefined();
    await expect(bytesOf(task, stolen)).rejects.toMatchObject({ code: 'invalid_params' });
  });
});

describe('what a workflow saves', () => {
  test('is its task’s from then on, and an address in artifacts, messages and changes', async () => {
    const task = await begun([{ text: 'hold' }]);
    await ground.engine.idle();
    const about = { mediaType: 'text/plain', filename: 'b.txt' };
    const part = await ground.files.save(task.id, Buffer.alloc(LARGE, 'b'), about);
    expect(part).toEqual({ file: { id: expect.any(String), size: LARGE }, ...about });
    expect(await ground.files.find('alice', part.file?.id ?? '')).toMatchObject(about);

    const current = await ground.tasks.get({ owner: 'alice', agentCode: 'echo', taskId: task.id });
    const changes = ground.tasks.watch(current, AbortSignal.timeout(10_000));
    const message = { messageId: 'm', role: 'agent' as const, parts: [part] };
    await ground.store.project(
      projectionOf(task.id, {
        runId: ground.engine.runs.get(task.id)?.runId ?? '',
        sequence: 10,
        artifacts: [{ artifactId: 'a', parts: [part] }],
        messages: [message],
        status: { state: 'working', message },
      }),
    );
    const shown = { ...part, url: `http://host/files/${part.file?.id}` };
    expect((await changes.next()).value).toMatchObject({
      artifacts: [{ parts: [shown] }],
      messages: [{ parts: [shown] }],
      status: { message: { parts: [shown] } },
    });
    await changes.return();
    const page = await ground.tasks.list({ owner: 'alice', agentCode: 'echo', limit: 1 });
    expect(page.tasks[0]).toMatchObject({
      artifacts: [{ parts: [shown] }],
      status: { message: { parts: [shown] } },
    });
  });

  test('is kept once, however often it is saved, and small it is no file at all', async () => {
    const task = await begun([{ text: 'hello' }]);
    const before = await filesStored();
    const save = (bytes: number) => ground.files.save(task.id, Buffer.alloc(bytes, 'c'), {});
    const saved = await Promise.all([save(LARGE), save(LARGE), save(LARGE)]);
    expect(new Set(saved.map(({ file }) => file?.id)).size).toBe(1);
    expect(await save(3)).toEqual({ raw: 'Y2Nj' });
    expect(await filesStored()).toBe(before + 1);
  });

  test('is refused above the limit, and for a task that is not there', async () => {
    const task = await begun([{ text: 'hello' }]);
    await expect(ground.files.save(task.id, Buffer.alloc(MAX_FILE + 1), {})).rejects.toThrow(
      `has ${MAX_FILE + 1} bytes, at most ${MAX_FILE} are taken`,
    );
    await expect(ground.files.save('nowhere', Buffer.alloc(LARGE), {})).rejects.toMatchObject({
      code: 'task_not_found',
    });
  });
});
