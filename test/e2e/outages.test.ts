import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { workflowIdOf } from '../../src/tasks/contract.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, signalFamily, startProduct } from '../support/product.ts';
import { agentUrl, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

// A minute in the full suite, a moment in the quick one: what differs is only how long it lasts.
const OUTAGE_MS = process.env.FULL ? 60_000 : 3_000;

const V1 = { version: '1.0' } as const;

describe('outages', () => {
  let ground: TestGround;
  let product: Product;

  beforeAll(async () => {
    ground = await startGround();
    product = await startProduct(ground.env);
  });

  afterAll(async () => {
    await killAllProducts();
    await ground?.stop();
  });

  beforeEach(() => {
    onTestFailed(() => console.log(product.log()));
  });

  const expense = () => agentUrl(product.url, 'expense-approval');
  const getTask = async (url: string, id: string): Promise<Wire> =>
    (await rpc(url, 'GetTask', { id }, V1)).body.result;
  const expenseMessage = (extra: Wire = {}) =>
    userMessage([{ data: { amount: 900, currency: 'EUR', purpose: 'desk' } }], extra);
  const waitingTask = async (): Promise<string> => {
    const { body } = await rpc(expense(), 'SendMessage', { message: expenseMessage() }, V1);
    expect(body.result.task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    return body.result.task.id;
  };
  const ended = (url: string, id: string, state: string, withinMs = 30_000) =>
    until(
      `task ${id} is ${state}`,
      async () => {
        const task = await getTask(url, id);
        return task.status.state === state ? task : undefined;
      },
      withinMs,
    );

  it('Temporal away: reading goes on, sends and answers are accepted in 5 s and run when it is back', async () => {
    const waiting = await waitingTask();
    const open = stream(expense(), 'SubscribeToTask', { id: waiting }, V1);
    await open.next();
    await ground.killTemporal();
    const downSince = Date.now();

    const began = Date.now();
    const sent = await rpc(expense(), 'SendMessage', { message: expenseMessage() }, V1);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(sent.body.error).toBeUndefined();
    expect(sent.status).toBe(200);
    expect(sent.body.result.task.status.state).toBe('TASK_STATE_SUBMITTED');
    expect(sent.body.result.task.status.message.parts[0].text).toMatch(/^Accepted\./);

    const answerBegan = Date.now();
    const answer = userMessage('yes', { taskId: waiting });
    const answered = await rpc(expense(), 'SendMessage', { message: answer }, V1);
    expect(Date.now() - answerBegan).toBeLessThan(5_000);
    expect(answered.body.result.task.status.state).toBe('TASK_STATE_SUBMITTED');
    expect((await getTask(expense(), waiting)).status.state).toBe('TASK_STATE_SUBMITTED');

    // After a few calls the engine counts as away, and nobody waits for it any more.
    const { body: third } = await rpc(expense(), 'SendMessage', { message: expenseMessage() }, V1);
    expect(third.result.task.status.state).toBe('TASK_STATE_SUBMITTED');
    const quickBegan = Date.now();
    const { body: fourth } = await rpc(expense(), 'SendMessage', { message: expenseMessage() }, V1);
    expect(Date.now() - quickBegan).toBeLessThan(1_000);
    const search = await fetch(`${product.url}/orchestrator/a2a/v1/agents/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"expense"}',
    });
    expect(search.status).toBe(200);

    const late = await startProduct(ground.env);
    expect((await getTask(agentUrl(late.url, 'expense-approval'), waiting)).id).toBe(waiting);
    await delay(Math.max(0, OUTAGE_MS - (Date.now() - downSince)));
    await ground.reviveTemporal();

    for (const { id } of [sent.body.result.task, third.result.task, fourth.result.task]) {
      await ended(expense(), id, 'TASK_STATE_INPUT_REQUIRED', 60_000);
    }
    await ended(expense(), waiting, 'TASK_STATE_COMPLETED', 60_000);
    const states: string[] = [];
    for await (const event of open) if (event.statusUpdate) states.push(event.statusUpdate.status.state);
    expect(states.at(-1)).toBe('TASK_STATE_COMPLETED');
    const ready = await until('the late host is ready', async () => {
      const response = await fetch(`${late.url}/readyz`);
      return response.ok ? response : undefined;
    });
    expect(ready.status).toBe(200);
    await late.end('SIGTERM');
  }, 180_000);

  const digest = () => agentUrl(product.url, 'document-digest');
  const longDocument = Array.from({ length: 24 }, (_, i) => `# Part ${i}\nWords of part ${i}.`).join('\n\n');

  for (const [how, away, back] of [
    ['killed', () => ground.killPostgres(), () => ground.revivePostgres()],
    [
      'hung',
      () => signalFamily(ground.postgresPid, 'SIGSTOP'),
      () => signalFamily(ground.postgresPid, 'SIGCONT'),
    ],
  ] as const) {
    it(`Postgres ${how}: workflows go on, requests are refused in time, the record catches up, streams see it all`, async () => {
      const connection = await Connection.connect({ address: ground.temporalAddress });
      const temporal = new Client({ connection });
      const message = userMessage(longDocument, { metadata: { pauseMs: 150 } });
      const { body } = await rpc(
        digest(),
        'SendMessage',
        { message, configuration: { returnImmediately: true } },
        V1,
      );
      const { id } = body.result.task;
      const events = stream(digest(), 'SubscribeToTask', { id }, V1);
      const seen: Wire[] = [];
      const watching = (async () => {
        for await (const event of events) seen.push(event);
      })();
      await until('the digest has begun', () => (seen.length > 2 ? true : undefined));
      await away();
      const downSince = Date.now();

      const asked = Date.now();
      const refused = await fetch(digest(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'A2A-Version': '1.0' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id } }),
      });
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(Date.now() - asked).toBeLessThan(9_000);
      // The workflow does not wait for the record.
      await until('the workflow has done its work', async () => {
        const text = await workOf(temporal, id);
        return text >= 20 ? true : undefined;
      });
      await delay(Math.max(0, OUTAGE_MS - (Date.now() - downSince)));
      await back();
      const backAt = Date.now();
      await ended(digest(), id, 'TASK_STATE_COMPLETED');
      expect(Date.now() - backAt).toBeLessThan(10_000);
      await watching;
      expect(seen.at(-1).statusUpdate.status.state).toBe('TASK_STATE_COMPLETED');
      await connection.close();
    }, 180_000);
  }

  /** How many sections the workflow's own history shows as counted. */
  async function workOf(temporal: Client, id: string): Promise<number> {
    const handle = temporal.workflow.getHandle(workflowIdOf(id));
    const { historyLength } = await handle.describe();
    return historyLength;
  }
});
