/** A2A's own JavaScript client goes through a task's life, in both versions of the protocol. */
import {
  Message,
  type SendMessageRequest,
  type StreamResponse,
  type Task,
  TaskState,
  verifyAgentCardSignature,
} from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors';
import { describe, expect, it } from 'vitest';
import { collect, post, userMessage, type Wire } from '../../support/rpc.ts';
import { until } from '../../support/until.ts';
import { product } from './host.ts';

/** A client for the agent that a search finds first, made from the card the search points to. */
async function found(query: string, version: '1.0' | '0.3'): Promise<Client> {
  const { body } = await post(`${product.url}/orchestrator/a2a/v1/agents/search`, { query });
  const { type, url } = body.resources[0].location;
  expect(type).toBe('agent_card');
  // Search points to the card in the v0.3 shape; the v1.0 one lies beside it.
  const cardUrl = version === '1.0' ? new URL('agent-card.json', url).href : url;
  const legacyCompat = { enabled: version === '0.3' };
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ legacyCompat })],
    cardResolver: new DefaultAgentCardResolver({ legacyCompat }),
  });
  return factory.createFromUrl(cardUrl, '');
}

const request = (
  parts: Wire,
  extra: Wire = {},
  configuration?: { returnImmediately: boolean },
): SendMessageRequest => ({
  tenant: '',
  message: Message.fromJSON(userMessage(parts, extra)),
  configuration: configuration && {
    ...configuration,
    acceptedOutputModes: [],
    taskPushNotificationConfig: undefined,
  },
  metadata: undefined,
});

const expense = (amount: number) => [{ data: { amount, currency: 'EUR', purpose: 'a chair' } }];
const longDocument = Array.from({ length: 20 }, (_, at) => `# Part ${at}\nSome words.`).join('\n');
const working = { metadata: { pauseMs: 60_000 } };

async function sent(client: Client, params: SendMessageRequest): Promise<Task> {
  const answer = await client.sendMessage(params);
  if ('messageId' in answer) throw new Error('a message, not a task');
  return answer;
}

const textOf = (message: Message | undefined) =>
  message?.parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('');
const kinds = (events: StreamResponse[]) => events.map(({ payload }) => payload?.$case);
const stateOf = (event: StreamResponse | undefined) =>
  event?.payload?.$case === 'task' || event?.payload?.$case === 'statusUpdate'
    ? event.payload.value.status?.state
    : undefined;

describe.each(['1.0', '0.3'] as const)('the official client of A2A v%s', (version) => {
  it('finds an agent by a search, reads its card, and speaks its version to it', async () => {
    const client = await found('echo', version);
    expect(client.protocolVersion).toBe(version);
    expect((await client.getAgentCard()).name).toBe('Echo');
  });

  it('sends a message and receives the completed task with its artifact', async () => {
    const client = await found('echo', version);
    const task = await sent(client, request([{ text: 'hello' }, { data: { n: 1 } }]));
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(textOf(task.status?.message)).toBe('hello');
    const [artifact] = task.artifacts;
    expect(artifact?.parts.map(({ content }) => content?.$case)).toEqual(['text', 'data']);
    expect(artifact?.parts[1]?.content?.value).toEqual({ n: 1 });
  });

  it('streams a message: first the task, then its artifacts and states (§3.1.2)', async () => {
    const client = await found('echo', version);
    const events = await collect(client.sendMessageStream(request('hello')));
    expect(kinds(events)).toEqual(['task', 'artifactUpdate', 'statusUpdate']);
    expect(stateOf(events.at(-1))).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  it('continues a task that asks, and reads it with as much history as it wants', async () => {
    const client = await found('expense approval', version);
    const asked = await sent(client, request(expense(500)));
    expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    expect(textOf(asked.status?.message)).toContain('Do you approve it?');
    const { id, contextId } = asked;
    const done = await sent(client, request('yes, go ahead', { taskId: id, contextId }));
    expect(done.id).toBe(id);
    expect(done.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);

    const all = await client.getTask({ tenant: '', id, historyLength: 10 });
    expect(all.history.map(({ role }) => role)).toEqual([1, 2, 1, 2]);
    expect(textOf(all.history[2])).toBe('yes, go ahead');
    const newest = await client.getTask({ tenant: '', id, historyLength: 1 });
    expect(newest.history.map(textOf)).toEqual([textOf(done.status?.message)]);
    expect((await client.getTask({ tenant: '', id, historyLength: 0 })).history).toEqual([]);
  });

  it('streams the answer to a question and sees the end', async () => {
    const client = await found('expense approval', version);
    const asking = await collect(client.sendMessageStream(request(expense(500))));
    expect(stateOf(asking.at(-1))).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    const task = asking[0]?.payload?.value as Task;
    const answering = await collect(
      client.sendMessageStream(request([{ data: { approved: false } }], { taskId: task.id })),
    );
    expect(kinds(answering).slice(0, 1)).toEqual(['task']);
    expect(kinds(answering)).toContain('artifactUpdate');
    expect(stateOf(answering.at(-1))).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  it('sends without waiting, and cancels the task that runs', async () => {
    const client = await found('document digest', version);
    const task = await sent(client, request(longDocument, working, { returnImmediately: true }));
    expect([TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING]).toContain(task.status?.state);
    const cancel = { tenant: '', id: task.id, metadata: undefined };
    const canceled = await client.cancelTask(cancel);
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    await expect(client.cancelTask(cancel)).rejects.toThrow(TaskNotCancelableError);
  });

  it('subscribes again to a task that runs, and sees its end (§3.1.6)', async () => {
    const client = await found('expense approval', version);
    const { id } = await sent(client, request(expense(500)));
    const seen: StreamResponse[] = [];
    const watching = (async () => {
      for await (const event of client.resubscribeTask({ tenant: '', id })) seen.push(event);
    })();
    await until('the subscription', () => seen[0]);
    await sent(client, request('yes', { taskId: id }));
    await watching;
    expect(kinds(seen).slice(0, 1)).toEqual(['task']);
    expect(stateOf(seen[0])).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    expect(kinds(seen)).toContain('artifactUpdate');
    expect(stateOf(seen.at(-1))).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  it('is told that a task has ended when it subscribes too late', async () => {
    const client = await found('echo', version);
    const { id } = await sent(client, request('hello'));
    const late = collect(client.resubscribeTask({ tenant: '', id }));
    if (version === '1.0') {
      const error = await late.catch((reason: unknown) => reason);
      expect(causes(error).some((each) => each instanceof UnsupportedOperationError)).toBe(true);
    } else {
      const events = await late;
      expect(kinds(events)).toEqual(['task']);
      expect(stateOf(events[0])).toBe(TaskState.TASK_STATE_COMPLETED);
    }
  });

  it('is told of a task that does not exist in the protocol’s own error', async () => {
    const client = await found('echo', version);
    const unknown = client.getTask({ tenant: '', id: crypto.randomUUID() });
    await expect(unknown).rejects.toThrow(TaskNotFoundError);
  });
});

it('verifies the signature of every card by the published keys (§8.4.3)', async () => {
  const jwks = await fetch(`${product.url}/.well-known/jwks.json`);
  const { keys } = (await jwks.json()) as Wire;
  const verify = verifyAgentCardSignature(async (kid, jku) => {
    expect(jku).toBe(`${product.url}/.well-known/jwks.json`);
    return keys.find((key: Wire) => key.kid === kid);
  });
  const { body } = await post(`${product.url}/orchestrator/a2a/v1/agents/search`, {});
  expect(body.resources.length).toBeGreaterThan(1);
  for (const { location } of body.resources) {
    const resolver = new DefaultAgentCardResolver();
    await verify(await resolver.resolve(new URL('agent-card.json', location.url).href, ''));
  }
});

it('lists the tasks of a context, newest first, in v1.0 (§3.1.4)', async () => {
  const client = await found('echo', '1.0');
  const contextId = crypto.randomUUID();
  const first = await sent(client, request('one', { contextId }));
  const second = await sent(client, request('two', { contextId }));
  const list = await client.listTasks({
    tenant: '',
    contextId,
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageToken: '',
    statusTimestampAfter: undefined,
  });
  expect(list.tasks.map(({ id }) => id)).toEqual([second.id, first.id]);
  expect(list.totalSize).toBe(2);
});

/** An error and what it wraps: the SDK wraps what comes in a stream. */
function causes(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}
