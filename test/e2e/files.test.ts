/** Files through the whole product: A2A v1.0 §4.1.6 (Part), v0.3 §6.6 (FilePart). */
import { createHash, randomBytes } from 'node:crypto';
import { Message, type Part, type Task } from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { PrismaPg } from '@prisma/adapter-pg';
import { Connection, Client as Temporal } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrismaClient } from '../../src/storage/generated/client.ts';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, call, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' };
const WORKFLOWS = new URL('fixtures/files', import.meta.url).pathname;
const MB = 1024 * 1024;
const HISTORY_LIMIT = 50_000;

let ground: TestGround;
let db: PrismaClient;
let connection: Connection;
let temporal: Temporal;
let product: Product;

beforeAll(async () => {
  ground = await startGround();
  db = new PrismaClient({ adapter: new PrismaPg({ connectionString: ground.databaseUrl }) });
  connection = await Connection.connect({ address: ground.temporalAddress });
  temporal = new Temporal({ connection });
  product = await startProduct({ ...ground.env, WORKFLOWS });
});

afterAll(async () => {
  await killAllProducts();
  await db?.$disconnect();
  await connection?.close();
  await ground?.stop();
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const send = (parts: Wire[], extra: Wire = {}, url = product.url) =>
  rpc(agentUrl(url, 'filer'), 'SendMessage', { message: userMessage(parts, extra) }, V1);

const sent = async (...of: Parameters<typeof send>): Promise<Wire> => {
  const { body } = await send(...of);
  if (body.error) throw new Error(JSON.stringify(body.error));
  return body.result.task;
};

const said = (task: Wire): string => task.status.message.parts[0].text;

async function download(url: string): Promise<{ bytes: Buffer; headers: Headers }> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return { bytes: Buffer.from(await response.arrayBuffer()), headers: response.headers };
}

async function historyBytes(taskId: string): Promise<number> {
  const { raw } = await temporal.workflow.getHandle(workflowIdOf(taskId)).describe();
  return Number(raw.workflowExecutionInfo?.historySizeBytes);
}

describe.each(['1.0', '0.3'] as const)('10 MB in and out with the official client of A2A v%s', (version) => {
  async function client(): Promise<Client> {
    const legacyCompat = { enabled: version === '0.3' };
    const factory = new ClientFactory({
      transports: [new JsonRpcTransportFactory({ legacyCompat })],
      cardResolver: new DefaultAgentCardResolver({ legacyCompat }),
    });
    const card = version === '1.0' ? 'agent-card.json' : 'agent.json';
    return factory.createFromUrl(`${agentUrl(product.url, 'filer')}/.well-known/${card}`, '');
  }

  const urlOf = ({ content }: Part): string => (content?.$case === 'url' ? content.value : '');

  it('reaches the activities that read it, and nobody’s history', async () => {
    const bytes = randomBytes(10 * MB);
    const file = { raw: bytes.toString('base64'), filename: 'ten.bin', mediaType: 'application/x-ten' };
    const message = userMessage([{ data: { make: [10 * MB, 100] } }, file]);
    const answer = (await (
      await client()
    ).sendMessage({
      tenant: '',
      message: Message.fromJSON(message),
      configuration: {
        historyLength: 10,
        returnImmediately: false,
        acceptedOutputModes: [],
        taskPushNotificationConfig: undefined,
      },
      metadata: undefined,
    })) as Task;
    const [text] = answer.status?.message?.parts ?? [];
    expect(text?.content).toEqual({ $case: 'text', value: sha256(bytes) });

    const [came, made, small] = answer.artifacts[0]?.parts ?? [];
    if (came === undefined || made === undefined) throw new Error(JSON.stringify(answer));
    expect([came.filename, came.mediaType]).toEqual(['ten.bin', 'application/x-ten']);
    const back = await download(urlOf(came));
    expect(back.bytes.equals(bytes)).toBe(true);
    expect(back.headers.get('content-type')).toBe('application/x-ten');
    expect(back.headers.get('content-disposition')).toMatch(/^attachment; filename="?ten\.bin/);
    const out = await download(urlOf(made));
    expect(out.bytes.equals(Buffer.alloc(10 * MB, 'made '))).toBe(true);
    // What is small is there at once.
    expect(small?.content).toMatchObject({ $case: 'raw', value: { length: 100 } });
    // The user's own message is shown by its address, too.
    expect(answer.history[0]?.parts.map(urlOf)[1]).toBe(urlOf(came));
    expect(await historyBytes(answer.id)).toBeLessThan(HISTORY_LIMIT);
  });
});

describe('a file', () => {
  it('may answer a question, go to another agent, and come back', async () => {
    const asked = await sent([{ data: { ask: true, call: true } }]);
    const bytes = randomBytes(MB);
    const done = await sent([{ raw: bytes.toString('base64') }], { taskId: asked.id });
    expect(said(done)).toBe(sha256(bytes));
    expect(await historyBytes(asked.id)).toBeLessThan(HISTORY_LIMIT);
  });

  it('by url stays an address: the host fetches nothing', async () => {
    const url = 'http://127.0.0.1:1/a.pdf';
    const task = await sent([{ url, filename: 'a.pdf' }]);
    expect(task.artifacts[0].parts).toEqual([{ url, filename: 'a.pdf' }]);
    expect(said(task)).toBe('readFile: the part holds no file, raw bytes or text');
  });

  it('above the limit is refused with the part’s place, and the body’s limit is another one', async () => {
    const { body } = await send([{ text: 'see' }, { raw: Buffer.alloc(20 * MB + 1).toString('base64') }]);
    expect(body.error.code).toBe(-32602);
    expect(body.error.message).toContain(
      `message.parts[1].raw: has ${20 * MB + 1} bytes, at most ${20 * MB} are taken`,
    );
  });

  it('that an activity makes too large fails the task with its size', async () => {
    const task = await sent([{ data: { make: [20 * MB + 1] } }]);
    expect(task.status.state).toBe('TASK_STATE_FAILED');
    expect(said(task)).toBe(`file: has ${20 * MB + 1} bytes, at most ${20 * MB} are taken`);
  });

  it('of another owner can be had by no reference that a client makes up', async () => {
    const { id } = await sent([{ raw: randomBytes(100_000).toString('base64') }]);
    const { fileId } = await db.taskFile.findFirstOrThrow({ where: { taskId: id } });
    await db.file.update({ where: { id: fileId }, data: { owner: 'somebody else' } });
    const file = { id: fileId, size: 100_000 };
    // Unknown fields are ignored: what is left of the part has no content.
    expect((await send([{ file }])).body.error.code).toBe(-32602);
    const stolen = await sent([{ data: { steal: { file } } }]);
    expect([stolen.status.state, said(stolen)]).toEqual(['TASK_STATE_FAILED', 'file: is not known']);
    const linked = await sent([{ url: `${agentUrl(product.url, 'files')}/${fileId}` }]);
    expect(said(linked)).toBe('readFile: the part holds no file, raw bytes or text');
  });
});

const POINTS = ['save:before', 'save:after', 'accept:before', 'accept:after'];
const quick = (at: string): boolean => at.endsWith('after');

describe('a kill between two writes of a message with a file', () => {
  it.each(POINTS.filter((at) => quick(at) || process.env.FULL))('%s', async (at) => {
    const bytes = randomBytes(MB);
    const parts = [{ raw: bytes.toString('base64') }];
    const message = userMessage(parts);
    const dying = await startProduct({ ...ground.env, WORKFLOWS, KILL_AT: at });
    await expect(send(parts, message, dying.url)).rejects.toThrow();
    expect((await dying.end('SIGKILL')).signal).toBe('SIGKILL');
    // Never a task without its file.
    const tasks = await db.task.findMany({
      where: { messages: { some: { messageId: message.messageId } } },
      include: { files: { include: { file: true } } },
    });
    expect(tasks.length).toBe(at === 'accept:after' ? 1 : 0);
    for (const { files } of tasks) expect(files).toMatchObject([{ file: { complete: true, size: MB } }]);

    const task = await sent(parts, message);
    const done = await until('the task has ended', async () => {
      const current = await call(agentUrl(product.url, 'filer'), 'GetTask', { id: task.id }, V1);
      return current.status.state === 'TASK_STATE_COMPLETED' ? current : undefined;
    });
    expect(said(done)).toBe(sha256(bytes));
    expect(await db.file.count({ where: { tasks: { some: { taskId: task.id } } } })).toBe(1);
  });
});

it('a file that no task has taken goes with a sweep, and one whose task is deleted', async () => {
  const { id } = await sent([{ raw: randomBytes(100_000).toString('base64') }]);
  await db.task.delete({ where: { id } });
  await db.$executeRaw`update file set kept_at = now() - interval '2 hours'`;
  await until('the sweep has come by', async () =>
    (await db.file.count({ where: { tasks: { none: {} } } })) === 0 ? true : undefined,
  );
  expect(await db.file.count()).toBeGreaterThan(0);
});
