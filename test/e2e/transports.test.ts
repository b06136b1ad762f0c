/** A2A's own JavaScript client over every transport the card declares: one behaviour behind them all (A2A v1.0 §5.1). */
import { request as httpRequest } from 'node:http';
import { Message, type SendMessageRequest, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import type { Client } from '@a2a-js/sdk/client';
import {
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, TRANSPORTS } from '../support/official-client.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { agentUrl, collect, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';
import { ok, startWebhook, status, type Webhook } from '../support/webhook.ts';

const EXPENSE = 'expense-approval';
const [REQUESTS, STREAMS] = [20, 30];
const dataDir = await temporaryDataDir();
let product: Product;
let webhook: Webhook;

const start = () =>
  startProduct({
    DATA_DIR: dataDir.path,
    GRPC_PORT: '0',
    DEFAULT_AGENT: EXPENSE,
    PUSH_ALLOW: '127.0.0.1',
    HOST_REQUESTS_AT_ONCE: String(REQUESTS),
    HOST_STREAMS_AT_ONCE: String(STREAMS),
  });

beforeAll(async () => {
  webhook = await startWebhook();
  product = await start();
});

afterAll(async () => {
  await killAllProducts();
  await webhook?.close();
  await dataDir.remove();
});

const request = (parts: Wire, extra: Wire = {}, now = false): SendMessageRequest => ({
  tenant: '',
  message: Message.fromJSON(userMessage(parts, extra)),
  configuration: now
    ? { returnImmediately: true, acceptedOutputModes: [], taskPushNotificationConfig: undefined }
    : undefined,
  metadata: undefined,
});

const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair' } }];

async function sent(client: Client, params: SendMessageRequest): Promise<Task> {
  const answer = await client.sendMessage(params);
  if ('messageId' in answer) throw new Error('a message, not a task');
  return answer;
}

const kinds = (events: StreamResponse[]) => events.map(({ payload }) => payload?.$case);
const stateOf = (event: StreamResponse | undefined) =>
  event?.payload?.$case === 'task' || event?.payload?.$case === 'statusUpdate'
    ? event.payload.value.status?.state
    : undefined;

/** An error and what it wraps: the SDK wraps what comes in a stream. */
const causes = (error: unknown): unknown[] => (error instanceof Error ? [error, ...causes(error.cause)] : []);

const listing = (given: Wire = {}) => ({
  tenant: '',
  contextId: '',
  status: TaskState.TASK_STATE_UNSPECIFIED,
  pageToken: '',
  statusTimestampAfter: undefined,
  ...given,
});

describe.each(TRANSPORTS.map((transport) => ({ transport, over: transport.slice(0, 2).join(' ') })))(
  'over $over',
  ({ transport }) => {
    const [, version] = transport;
    let client: Client;

    beforeAll(async () => {
      client = await clientOf(agentUrl(product.url, EXPENSE), transport);
    });

    it('the client speaks the version of the interface it took from the card (§8.3.2)', () => {
      expect(client.protocolVersion).toBe(version);
    });

    it('sends a message, is asked, and answers (§3.1.1, §3.4.3)', async () => {
      const asked = await sent(client, request(chair));
      expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
      const done = await sent(client, request('yes', { taskId: asked.id, contextId: asked.contextId }));
      expect(done).toMatchObject({ id: asked.id, contextId: asked.contextId });
      expect(done.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
      expect(await client.getTask({ tenant: '', id: asked.id, historyLength: 1 })).toMatchObject({
        history: { length: 1 },
      });
    });

    it('streams a message: first the task, then its changes, until it asks (§3.1.2)', async () => {
      const events = await collect(client.sendMessageStream(request(chair)));
      expect(kinds(events).slice(0, 1)).toEqual(['task']);
      expect(stateOf(events.at(-1))).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    });

    it('subscribes to a task until its end (§3.1.6)', async () => {
      const { id } = await sent(client, request(chair));
      const events = client.resubscribeTask({ tenant: '', id });
      expect(kinds([(await events.next()).value as StreamResponse])).toEqual(['task']);
      await sent(client, request('yes', { taskId: id }));
      const rest = await collect(events);
      expect(kinds(rest)).toContain('artifactUpdate');
      expect(stateOf(rest.at(-1))).toBe(TaskState.TASK_STATE_COMPLETED);
    });

    it('cancels: at once from two sides, and not again once it has ended (§3.1.5, §3.3.1)', async () => {
      const { id } = await sent(client, request(chair, {}, true));
      const cancel = { tenant: '', id, metadata: undefined };
      // Idempotent while it is under way; which of the two comes too late, if one does, is told the end.
      const both = await Promise.allSettled([client.cancelTask(cancel), client.cancelTask(cancel)]);
      const canceled = both.filter(({ status }) => status === 'fulfilled');
      expect(canceled.length).toBeGreaterThan(0);
      for (const answer of both) {
        if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(TaskNotCancelableError);
        else expect(answer.value.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
      }
      await expect(client.cancelTask(cancel)).rejects.toThrow(TaskNotCancelableError);
    });

    it('is told the protocol’s errors (§5.4)', async () => {
      const id = crypto.randomUUID();
      const unknown = { tenant: '', id, metadata: undefined };
      await expect(client.getTask({ tenant: '', id })).rejects.toThrow(TaskNotFoundError);
      await expect(client.cancelTask(unknown)).rejects.toThrow(TaskNotFoundError);
      const subscribing = await collect(client.resubscribeTask({ tenant: '', id })).catch((error) => error);
      expect(causes(subscribing).some((each) => each instanceof TaskNotFoundError)).toBe(true);
      const ended = await sent(client, request(chair, {}, true));
      await client.cancelTask({ ...unknown, id: ended.id });
      await expect(sent(client, request('yes', { taskId: ended.id }))).rejects.toThrow(
        UnsupportedOperationError,
      );
      await expect(sent(client, request('yes', { contextId: 'mine', taskId: ended.id }))).rejects.toThrow(
        RequestMalformedError,
      );
      if (version === '1.0') {
        const image = [{ raw: 'AAAA', mediaType: 'image/png' }];
        await expect(sent(client, request(image))).rejects.toThrow(ContentTypeNotSupportedError);
      }
    });

    it('sets webhooks, reads, lists and deletes them; one that fails at first hears the end (§3.1.7 to §3.1.10)', async () => {
      const { id: taskId } = await sent(client, request(chair));
      const wanted = (id: string) => ({
        tenant: '',
        taskId,
        id,
        url: `${webhook.url}/${id}`,
        token: `token-${id}`,
        authentication: undefined,
      });
      for (const id of ['kept', 'deleted']) {
        expect(await client.createTaskPushNotificationConfig(wanted(id))).toMatchObject(wanted(id));
      }
      const named = (id: string) => ({ tenant: '', taskId, id });
      expect(await client.getTaskPushNotificationConfig(named('kept'))).toMatchObject(wanted('kept'));
      await client.deleteTaskPushNotificationConfig(named('deleted'));
      const list = { tenant: '', taskId, pageSize: 0, pageToken: '' };
      const { configs } = await client.listTaskPushNotificationConfig(list);
      expect(configs).toMatchObject([wanted('kept')]);

      const told = () => webhook.received.filter(({ path }) => path.startsWith('/hook/'));
      const before = told().length;
      webhook.answer = (res, notification) => {
        webhook.answer = ok;
        status(503)(res, notification);
      };
      await sent(client, request('yes', { taskId }));
      const end = await until('the end', () =>
        webhook.taken.find(({ text }) => text.includes(taskId) && /completed/i.test(text)),
      );
      expect(told().slice(before).length).toBeGreaterThan(1);
      expect(end).toMatchObject({
        path: '/hook/kept',
        headers: { 'x-a2a-notification-token': 'token-kept' },
      });
      expect(Object.keys(end.body)).toContain(version === '1.0' ? 'statusUpdate' : 'kind');
    });

    it.runIf(version === '1.0')(
      'lists in pages, newest status first, with every filter (§3.1.4)',
      async () => {
        const contextId = crypto.randomUUID();
        const ids: string[] = [];
        for (let count = 0; count < 5; count++) {
          ids.unshift((await sent(client, request(chair, { contextId }))).id);
        }
        const all = await client.listTasks(listing({ contextId }));
        expect(all).toMatchObject({ totalSize: 5, pageSize: 50, nextPageToken: '' });
        expect(all.tasks.map(({ id }) => id)).toEqual(ids);
        expect(all.tasks.every(({ artifacts }) => artifacts.length === 0)).toBe(true);

        // The oldest is answered: now it is the newest.
        const answered = ids[4] as string;
        const done = await sent(client, request('yes', { taskId: answered }));
        const order = [answered, ...ids.slice(0, 4)];
        const paged: string[] = [];
        for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
          const page = await client.listTasks(listing({ contextId, pageSize: 2, pageToken }));
          expect(page).toMatchObject({ totalSize: 5, pageSize: 2 });
          paged.push(...page.tasks.map(({ id }) => id));
          pageToken = page.nextPageToken || undefined;
        }
        expect(paged).toEqual(order);

        const status = TaskState.TASK_STATE_COMPLETED;
        const completed = await client.listTasks(
          listing({ contextId, status, includeArtifacts: true, historyLength: 1 }),
        );
        expect(completed.tasks.map(({ id }) => id)).toEqual([answered]);
        expect(completed.tasks[0]).toMatchObject({ artifacts: done.artifacts, history: { length: 1 } });
        const since = await client.listTasks(
          listing({ contextId, statusTimestampAfter: done.status?.timestamp, historyLength: 0 }),
        );
        expect(since.tasks.map(({ id, history }) => ({ id, history }))).toEqual([
          { id: answered, history: [] },
        ]);
        await expect(client.listTasks(listing({ pageSize: 101 }))).rejects.toThrow(RequestMalformedError);
      },
    );
  },
);

it('a task is one task, by whatever transport it is reached (§5.1)', async () => {
  const [rpc, rest, grpc] = await Promise.all(
    TRANSPORTS.slice(0, 3).map((transport) => clientOf(agentUrl(product.url, EXPENSE), transport)),
  );
  if (!rpc || !rest || !grpc) throw new Error('three transports');
  const { id } = await sent(rpc, request(chair));
  const events = grpc.resubscribeTask({ tenant: '', id });
  await events.next();
  await sent(rest, request('yes', { taskId: id }));
  expect(stateOf((await collect(events)).at(-1))).toBe(TaskState.TASK_STATE_COMPLETED);
  const [one, ...others] = await Promise.all(
    [rpc, rest, grpc].map((client) => client.getTask({ tenant: '', id })),
  );
  for (const other of others) expect(other).toEqual(one);
});

describe('a host that has as much to do as it takes', () => {
  const measured = async (series: string): Promise<number> => {
    const response = await fetch(`${product.url}/metrics`);
    expect(response.status).toBe(200);
    return Number(new RegExp(`^agent_host_${series} (\\d+)$`, 'm').exec(await response.text())?.[1]);
  };
  const working = (count: number, withinMs?: number) =>
    until(
      `${count} requests at work`,
      async () => ((await measured('requests{state="working"}')) === count ? true : undefined),
      withinMs,
    );
  const tell = async (path: string, body?: object) => {
    const response = await fetch(`${product.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      again: response.headers.get('retry-after'),
      body: await response.json(),
    };
  };
  const agent = new URL(agentUrl('http://host', EXPENSE)).pathname;
  const list = { jsonrpc: '2.0', id: 1, method: 'ListTasks', params: {} };

  it('refuses further requests at once on every surface, and no others; then takes them again', async () => {
    const grpc = await clientOf(agentUrl(product.url, EXPENSE), TRANSPORTS[2]);
    const slow = () => {
      const asking = httpRequest(`${product.url}${agent}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': 9 },
      });
      asking.on('error', () => undefined).flushHeaders();
      return asking;
    };
    const refusals = () => measured('capacity_refusals_total{of="request"}');
    const refused = { status: 503, again: '1' };
    /** Fills the host with requests whose bodies are still to come, which have their places for a moment. */
    const askedWhenFull = async () => {
      const bodies = Array.from({ length: REQUESTS }, slow);
      try {
        const before = await refusals();
        await working(REQUESTS, 1_000);
        const answers = await Promise.all([
          tell(agent, list),
          tell(`${agent}/rest/tasks`),
          tell(`/v1/agents/${EXPENSE}/invoke`, { message: 'x' }),
          tell('/v1/a2a/invoke', {}),
          tell('/mcp', {}),
          grpc.listTasks(listing()).then(
            () => undefined,
            (error) => causes(error),
          ),
        ]);
        for (const path of ['/readyz', '/healthz', `${agent}/.well-known/agent-card.json`]) {
          expect((await tell(path)).status).toBe(200);
        }
        return (await refusals()) - before === answers.length ? answers : undefined;
      } catch (error) {
        // They were slow before all of them had come.
        if (!String(error).includes('requests at work')) throw error;
        return undefined;
      } finally {
        for (const body of bodies) body.destroy();
        await working(0);
      }
    };
    const [rpc, rest, gateway, invoke, mcp, call] = await until('all are refused', askedWhenFull, 60_000);
    expect(rpc).toMatchObject({ ...refused, body: { error: { code: -32000 }, status: 503 } });
    expect(rest).toMatchObject({ ...refused, body: { error: { code: 503, status: 'UNAVAILABLE' } } });
    expect(gateway).toMatchObject({ ...refused, body: { error: { code: 'unavailable' } } });
    expect(invoke).toMatchObject({ ...refused, body: { status: 503, message: expect.any(String) } });
    expect(mcp).toMatchObject({ ...refused, body: { status: 503 } });
    expect(call).toEqual(expect.arrayContaining([expect.objectContaining({ code: 14 })]));
    expect((await tell(agent, list)).status).toBe(200);
  });

  it('refuses further streams, before anything is sent, and takes requests all the same', async () => {
    const client = await clientOf(agentUrl(product.url, EXPENSE), TRANSPORTS[0]);
    const { id } = await sent(client, request(chair));
    const leave = new AbortController();
    const open = (method: string, params: object) =>
      fetch(`${product.url}${agent}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        signal: leave.signal,
      });
    for (let at = 0; at < STREAMS; at++) expect((await open('SubscribeToTask', { id })).status).toBe(200);
    const { totalSize } = await client.listTasks(listing());
    const answer = await open('SendStreamingMessage', { message: userMessage(chair) });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await answer.json()).toMatchObject({ error: { code: -32000 } });
    expect((await client.listTasks(listing())).totalSize).toBe(totalSize);
    leave.abort();
    await until('no stream', async () =>
      (await measured('requests{state="waiting"}')) === 0 ? true : undefined,
    );
    await sent(client, request('yes', { taskId: id }));
  });
});

it('after a kill -9 of the host each subscribes again and sees the end (§3.1.6)', async () => {
  const before = await Promise.all(
    TRANSPORTS.map((transport) => clientOf(agentUrl(product.url, EXPENSE), transport)),
  );
  const tasks = await Promise.all(before.map((client) => sent(client, request(chair))));
  const cut = before.map(async (client, at) => {
    const seen: StreamResponse[] = [];
    const reading = (async () => {
      for await (const event of client.resubscribeTask({ tenant: '', id: tasks[at]?.id ?? '' }))
        seen.push(event);
    })();
    reading.catch(() => undefined);
    await until('the subscription', () => seen[0]);
    return { seen, reading: reading.catch((error) => error) };
  });
  const streams = await Promise.all(cut);
  await product.end('SIGKILL');
  await Promise.all(streams.map(({ reading }) => reading));
  expect(streams.map(({ seen }) => seen.length)).toEqual(streams.map(() => 1));

  product = await start();
  for (const [at, transport] of TRANSPORTS.entries()) {
    const client = await clientOf(agentUrl(product.url, EXPENSE), transport);
    const id = tasks[at]?.id ?? '';
    const events = client.resubscribeTask({ tenant: '', id });
    const first = (await events.next()).value as StreamResponse;
    expect(stateOf(first)).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    await sent(client, request('yes', { taskId: id }));
    expect(stateOf((await collect(events)).at(-1))).toBe(TaskState.TASK_STATE_COMPLETED);
  }
});
