/** kill -9 of the host, its worker with it, while tasks run, wait and stream: each goes on and ends as it should. */
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { type Asked, startModel } from '../support/model.ts';
import {
  killAllProducts,
  launchProduct,
  type Product,
  processesNaming,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import { agentUrl, call, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' };
const SECTIONS = 40;
const DOCUMENT = Array.from({ length: 2_000 }, (_, at) => `# Chapter ${at}\nA whale.`).join('\n');
const dataDir = await temporaryDataDir();
let product: Product;
const model = await startModel(({ step, last }: Asked) =>
  step === 0 ? { calls: [['document-digest', { message: DOCUMENT }]] } : { content: JSON.parse(last).answer },
);
const start = () => startProduct({ DATA_DIR: dataDir.path, MODEL_URL: model.url, MODEL_NAME: 'test-model' });
const url = (code: string) => agentUrl(product.url, code);

afterAll(async () => {
  await killAllProducts();
  await model.close();
  await dataDir.remove();
});

async function send(code: string, parts: Wire, extra: Wire = {}, returnImmediately = false): Promise<Wire> {
  const params = { message: userMessage(parts, extra), configuration: { returnImmediately } };
  return (await call(url(code), 'SendMessage', params, V1)).task;
}

const get = (code: string, id: string): Promise<Wire> => call(url(code), 'GetTask', { id }, V1);
const ended = (code: string, id: string) =>
  until(`the end of ${code}’s task`, async () => {
    const task = await get(code, id);
    return /COMPLETED|FAILED|CANCELED|REJECTED/.test(task.status.state) ? task : undefined;
  });

/** Begins a digest that takes a pause for each of its sections. */
const lengthy = (sections: number, pauseMs: number) => {
  const text = Array.from({ length: sections }, (_, at) => `# Part ${at}\nSome words here.`).join('\n');
  return send('document-digest', text, { metadata: { pauseMs } }, true);
};

/** A stream's events as they come, and whether it has ended, however. */
function watch(code: string, id: string): { events: Wire[]; ended: Promise<'cleanly' | 'broken'> } {
  const events: Wire[] = [];
  const reading = async () => {
    for await (const event of stream(url(code), 'SubscribeToTask', { id }, V1)) events.push(event);
  };
  return {
    events,
    ended: reading().then(
      () => 'cleanly',
      () => 'broken',
    ),
  };
}

const statusesOf = (events: Wire[]): Wire[] =>
  events.flatMap(({ task, statusUpdate }) => (task ?? statusUpdate)?.status ?? []);

/** How many sections each progress message told of. */
const progressOf = (events: Wire[]): number[] =>
  statusesOf(events).flatMap(({ message }) => {
    const [, counted] = /^Counted (\d+) of/.exec(message?.parts[0].text ?? '') ?? [];
    return counted === undefined ? [] : [Number(counted)];
  });

const isDigestOfAssistant = ({ history }: Wire): boolean => history[0].parts[0].text === DOCUMENT;

const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }];

describe('after kill -9 and another start on the same DATA_DIR', () => {
  let digest: { id: string; before: Wire[]; progress: number };
  let expense: Wire;
  let trip: Wire;
  let done: Wire;
  let assisted: Wire;
  let accepted: { code: string; id: string }[];
  let orphans: string[];
  let firstAnswers: Wire[];

  it('open streams break off, and the host starts again', async () => {
    product = await start();
    [expense, trip, done] = await Promise.all([
      send('expense-approval', chair),
      send('trip-planner', '2 days in Rome, history, 450 EUR'),
      send('echo', 'before'),
    ]);
    expect(trip.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    const { id } = await lengthy(SECTIONS, 100);
    const streams = [watch('document-digest', id), watch('expense-approval', expense.id)];
    const before = streams[0]?.events as Wire[];
    const progress = await until('some progress', () => progressOf(before).find((counted) => counted >= 10));
    digest = { id, before, progress };
    orphans = await processesNaming(dataDir.path);
    expect(orphans.length).toBeGreaterThanOrEqual(4);

    accepted = (
      await Promise.all([
        ...Array.from({ length: 5 }, async () => ({ code: 'echo', task: await send('echo', 'x', {}, true) })),
        ...Array.from({ length: 5 }, async () => ({ code: 'document-digest', task: await lengthy(2, 20) })),
      ])
    ).map(({ code, task }) => ({ code, id: task.id }));
    assisted = await send('assistant', 'Which words are in this document?', {}, true);
    await until('the call of the assistant', async () => {
      const { tasks } = await call(url('document-digest'), 'ListTasks', {}, V1);
      return tasks.some(isDigestOfAssistant) ? true : undefined;
    });
    await product.end('SIGKILL');
    expect(await Promise.all(streams.map((each) => each.ended))).toEqual(['broken', 'broken']);
    product = await start();
    // The very first requests, before anything had time to recover.
    firstAnswers = await Promise.all([
      get('document-digest', id),
      get('expense-approval', expense.id),
      get('trip-planner', trip.id),
      get('echo', done.id),
    ]);
  });

  it('tasks/get answers from the first moment, with what was known', () => {
    const [digesting, waiting, planning, echoed] = firstAnswers;
    expect(digesting).toMatchObject({ id: digest.id, status: { state: 'TASK_STATE_WORKING' } });
    expect(digesting.artifacts).toMatchObject([{ name: 'outline' }]);
    expect(waiting).toEqual(expense);
    expect(planning).toEqual(trip);
    expect(echoed).toEqual(done);
  });

  it('the killed host’s servers are gone', async () => {
    const now = new Set(await processesNaming(dataDir.path));
    expect(orphans.filter((line) => now.has(line))).toEqual([]);
  });

  it('long work goes on where it was, and who subscribes again sees its end', async () => {
    const { id, before } = digest;
    const after = watch('document-digest', id);
    expect(await after.ended).toBe('cleanly');
    // Begun again, it would count from 0 and write its outline again.
    const progress = progressOf(after.events);
    expect(progress[0]).toBeGreaterThanOrEqual(digest.progress);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progressOf(before).at(-1)).toBeLessThanOrEqual(progress[0] as number);
    const rewritten = after.events.filter(
      ({ artifactUpdate }) => artifactUpdate?.artifact.name === 'outline',
    );
    expect(rewritten).toEqual([]);
    expect(statusesOf(after.events).at(-1).state).toBe('TASK_STATE_COMPLETED');
    const task = await get('document-digest', id);
    expect(task.artifacts.map(({ name }: Wire) => name)).toEqual(['outline', 'word-counts', 'keywords']);
    expect(task.artifacts[1].parts[0].data.words).toBe(SECTIONS * 5);
  });

  it('a task that waits for input takes its answer', async () => {
    const answered = await send('expense-approval', 'yes', { taskId: expense.id });
    expect(answered.status.state).toBe('TASK_STATE_COMPLETED');
    expect(answered.history).toHaveLength(4);
  });

  it('a task that waits in the middle of its calls takes its answer', async () => {
    const planned = await send('trip-planner', 'yes', { taskId: trip.id });
    expect(planned.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('the assistant goes on, and has called its agent once', async () => {
    const task = await ended('assistant', assisted.id);
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
    expect(task.status.message.parts[0].text).toMatch(/Keywords: .*whale/);
    const { tasks } = await call(url('document-digest'), 'ListTasks', { pageSize: 100 }, V1);
    expect(tasks.filter(isDigestOfAssistant)).toHaveLength(1);
    // A step that is done is not asked for again.
    expect(model.asked.filter(({ step }) => step === 0)).toHaveLength(1);
  });

  it('every task that was accepted right before the kill completes', async () => {
    const tasks = await Promise.all(accepted.map(({ code, id }) => ended(code, id)));
    expect(new Set(tasks.map(({ status }) => status.state))).toEqual(new Set(['TASK_STATE_COMPLETED']));
  });
});

describe('kill -9 while messages arrive', () => {
  it('what was answered is kept; the same message again brings the same task, once', async () => {
    const contextId = randomUUID();
    const messages = Array.from({ length: 60 }, (_, at) => userMessage(`${at}`, { contextId }));
    const params = (message: Wire) => ({ message, configuration: { returnImmediately: true } });
    const ids = new Map<string, string>();
    const sending = messages.map(async (message) => {
      const { body } = await rpc(url('echo'), 'SendMessage', params(message), V1);
      if (body.result) ids.set(message.messageId, body.result.task.id);
    });
    const settled = Promise.allSettled(sending);
    await until('some answers', () => (ids.size >= 10 ? true : undefined));
    await product.end('SIGKILL');
    await settled;
    const kept = new Map(ids);
    expect(kept.size).toBeLessThan(messages.length);

    product = await start();
    for (const message of messages) {
      const { task } = await call(url('echo'), 'SendMessage', { message }, V1);
      expect(task.status.state).toBe('TASK_STATE_COMPLETED');
      expect(task.status.message.parts[0].text).toBe(message.parts[0].text);
      expect(task.id).toBe(kept.get(message.messageId) ?? task.id);
    }
    const list = await call(url('echo'), 'ListTasks', { contextId, pageSize: 100 }, V1);
    expect(list.totalSize).toBe(messages.length);
  });
});

const nothingLeft = () =>
  until('nothing left', async () => ((await processesNaming(dataDir.path))[0] ? undefined : true));

describe('kill -9 while the host starts', () => {
  it.each([
    ...(process.env.FULL ? [['its first server runs', 1] as const] : []),
    ['both its servers run', 4] as const,
  ])('when %s: nothing stays behind, and the next start finds all as it was', async (_, atLeast) => {
    const { id } = await send('expense-approval', chair);
    expect(await product.end('SIGTERM')).toMatchObject({ code: 0 });
    await nothingLeft();
    const launched = launchProduct({ DATA_DIR: dataDir.path });
    await until('its servers', async () => {
      const servers = await processesNaming(dataDir.path);
      return servers.length >= atLeast ? servers : undefined;
    });
    expect(await launched.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    await nothingLeft();
    product = await start();
    expect((await get('expense-approval', id)).status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    expect((await send('expense-approval', 'no', { taskId: id })).status.state).toBe('TASK_STATE_COMPLETED');
  });
});
