/** The host's own agents: the directory, for a client that knows only the host's address; the assistant, with a model. */
import { type Artifact, Message, TaskState } from '@a2a-js/sdk';
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory } from '@a2a-js/sdk/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, type Reply, startModel, type TestModel } from '../support/model.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { agentUrl, call, post, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const dataDir = await temporaryDataDir();
let product: Product;
let model: TestModel;

beforeAll(async () => {
  model = await startModel((asked) => SAID[asked.user.split(':')[0] ?? '']?.(asked) ?? { status: 400 });
  product = await startProduct({
    DATA_DIR: dataDir.path,
    MODEL_URL: model.url,
    MODEL_NAME: 'test-model',
    MODEL_KEY: 'sk-model-key',
    MODEL_STEPS: '6',
    MODEL_SECONDS: '5',
  });
});

afterAll(async () => {
  await killAllProducts();
  await model.close();
  await dataDir.remove();
});

const search = async (query: string): Promise<Wire> =>
  (await post(`${product.url}/orchestrator/a2a/v1/agents/search`, { query, top: 5 })).body;

describe.each(['1.0', '0.3'] as const)('asked in v%s', (version) => {
  const legacyCompat = { enabled: version === '0.3' };
  const file = version === '1.0' ? 'agent-card.json' : 'agent.json';

  async function ask(question: string) {
    const factory = new ClientFactory({
      transports: [new JsonRpcTransportFactory({ legacyCompat })],
      cardResolver: new DefaultAgentCardResolver({ legacyCompat }),
    });
    const client = await factory.createFromUrl(`${product.url}/.well-known/${file}`, '');
    const sent = await client.sendMessage({
      tenant: '',
      message: Message.fromJSON(userMessage(question)),
      configuration: undefined,
      metadata: undefined,
    });
    if (!('status' in sent)) throw new Error('not a task');
    expect(sent.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    const text = sent.status?.message?.parts[0]?.content?.value;
    return { text: String(text), data: dataOf(sent.artifacts) };
  }

  const dataOf = ([artifact]: Artifact[]): Wire => artifact?.parts[0]?.content?.value as Wire;

  it('answers with the agents that fit, the best first, as the registry finds them', async () => {
    const { text, data } = await ask('Who can approve an expense?');
    const { resources, total_count } = await search('Who can approve an expense?');
    expect(data).toEqual({ resources, total_count });
    expect(resources[0].id).toBe('expense-approval');
    expect(text).toContain(resources[0].location.url);
    const card = (await (await fetch(resources[0].location.url)).json()) as Wire;
    expect(card.name).toBe('Expense approval');
  });

  it('says so when none fits', async () => {
    const { text, data } = await ask('qqqqqqqq');
    expect(text).toBe('No agent fits that.');
    expect(data).toEqual({ resources: [], total_count: 0 });
  });

  it('does not find itself', async () => {
    const { data } = await ask('directory');
    expect(data.resources.map(({ id }: Wire) => id)).not.toContain('directory');
    const { resources } = await search('');
    expect(resources.map(({ id }: Wire) => id)).not.toContain('directory');
  });
});

it.each([
  ['I want my money back', 'order-refund'],
  ['can somebody plan a trip for me', 'trip-planner'],
  ['which agent summarizes documents?', 'document-digest'],
])('%j finds %s', async (question, code) => {
  const { resources } = await search(question);
  expect(resources[0]?.id).toBe(code);
});

const LUNCH = { amount: 20, currency: 'EUR', purpose: 'lunch' };
const CHAIR = { amount: 500, currency: 'EUR', purpose: 'a chair' };
const calling = (name: string, given: unknown, content?: string): Reply => ({
  calls: [[name, given]],
  ...(content === undefined ? {} : { content }),
});
/** What an agent answered, in what the model is told. */
const answerIn = (last: string): string => JSON.parse(last).answer;

/** What the model says, by the first words of its user. */
const SAID: Record<string, (asked: Asked) => Reply | Promise<Reply>> = {
  'approve an expense': ({ step, last }) =>
    step === 0
      ? calling('expense-approval', LUNCH, 'I have it approved.')
      : { content: `Done. ${answerIn(last)}` },
  'approve a large expense': ({ step, last, body }) => {
    if (step === 0) return calling('expense-approval', CHAIR);
    if (step === 1) return calling('ask_user', { question: answerIn(last) });
    const { taskId } = JSON.parse(body.messages[3].content);
    return step === 2 ? calling('continue_task', { taskId, answer: last }) : { content: answerIn(last) };
  },
  'refund an order': ({ step, last }) =>
    step === 0 ? calling('order-refund', { message: 'A-1001, it arrived damaged' }) : { content: last },
  'learn from mistakes': ({ step, last }) => {
    if (step === 0) return calling('echo', '{"message": ');
    if (step === 1) return calling('nobody', { message: 'x' });
    if (step === 2) return calling('expense-approval', { amount: 'much' });
    if (step === 3) return calling('find_agents', { query: 'echo' });
    return step === 4 ? calling('echo', { message: 'once more' }) : { content: answerIn(last) };
  },
  'busy at first': ({ step }) => {
    const before = tried('busy');
    if (before === 0) return { status: 503 };
    return before === 1 ? { status: 200, body: '<html>' } : { content: `Step ${step}` };
  },
  'never there': () => ({ status: 503 }),
  'over its limit': () => ({ status: 429, headers: { 'retry-after': '600' } }),
  'not let in': () => ({ status: 401 }),
  'talks nonsense': () => ({ status: 200, body: '{"choices": []}' }),
  'never ends': () => calling('echo', { message: 'again' }),
  'thinks for ever': () => new Promise(() => {}),
};

const tries = new Map<string, number>();
/** How often it was tried before. */
function tried(what: string): number {
  const before = tries.get(what) ?? 0;
  tries.set(what, before + 1);
  return before;
}

describe('the assistant', () => {
  const V1 = { version: '1.0' };
  const url = (code: string) => agentUrl(product.url, code);
  const send = async (text: string, extra: Wire = {}): Promise<Wire> =>
    (await call(url('assistant'), 'SendMessage', { message: userMessage(text, extra) }, V1)).task;
  const saidBy = ({ status }: Wire): string => status.message.parts[0].text;
  const askedFor = (user: string) => model.asked.filter((asked) => asked.user.startsWith(user));

  it('calls the agent that fits, and answers', async () => {
    const task = await send('approve an expense: my lunch');
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
    expect(saidBy(task)).toMatch(/^Done\. Approved: 20\.00 EUR/);
    const [first] = askedFor('approve an expense');
    expect(first?.authorization).toBe('Bearer sk-model-key');
    expect(first?.body.model).toBe('test-model');
    const names = first?.body.tools.map((tool: Wire) => tool.function.name);
    expect(names).toEqual(
      expect.arrayContaining(['ask_user', 'find_agents', 'continue_task', 'expense-approval']),
    );
    expect(names).not.toContain('assistant');
    // The task it began is its caller's own.
    const [{ agent, taskId, state }] = task.artifacts[0].parts[0].data;
    expect({ agent, state }).toEqual({ agent: 'expense-approval', state: 'completed' });
    expect((await call(url(agent), 'GetTask', { id: taskId }, V1)).status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('hands a question on to its user, and the answer back', async () => {
    const waiting = await send('approve a large expense: a chair');
    expect(waiting.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    expect(saidBy(waiting)).toMatch(/Do you approve it/);
    const done = await send('yes', { taskId: waiting.id });
    expect(done.status.state).toBe('TASK_STATE_COMPLETED');
    expect(saidBy(done)).toMatch(/^Approved by the approver/);
  });

  it('of an agent that needs a person’s approval it asks first, and hands on all that one asks', async () => {
    const waiting = await send('refund an order: A-1001');
    expect(saidBy(waiting)).toMatch(/^May I call order-refund with/);
    const asked = await send('yes', { taskId: waiting.id });
    expect(asked.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    expect(askedFor('refund an order')).toHaveLength(1);
    const refused = await send('refund an order: another');
    const told = await send('No, thank you', { taskId: refused.id });
    expect(saidBy(told)).toBe('Not called. The user says: No, thank you');
    expect(told.artifacts ?? []).toEqual([]);
  });

  it('a model is told what was wrong with its call', async () => {
    const task = await send('learn from mistakes');
    expect(saidBy(task)).toMatch(/once more/);
    const told = askedFor('learn from mistakes').map(({ last }) => last);
    expect(told[1]).toMatch(/no JSON object/);
    expect(told[2]).toMatch(/no tool nobody/);
    expect(told[3]).toMatch(/did not go well: .*amount/);
    expect(told[4]).toMatch(/^These are tools now:\necho: /m);
  });

  it('asks a model again that is away for a moment, or cannot be understood', async () => {
    expect(saidBy(await send('busy at first'))).toBe('Step 0');
    expect(askedFor('busy at first')).toHaveLength(3);
  });

  it('fails with its reason when the model does, or a limit is reached', async () => {
    const reasons = {
      'never there': 'The model answered with status 503',
      'over its limit': 'The model answered with status 429',
      'not let in': 'The model answered with status 401',
      'talks nonsense': 'The model gave no answer that can be understood',
      'never ends': 'There was no answer after 6 steps',
      'thinks for ever': 'It was not done within 5 seconds',
    };
    const tasks = await Promise.all(Object.keys(reasons).map((user) => send(user)));
    expect(tasks.map(saidBy)).toEqual(Object.values(reasons));
    expect(new Set(tasks.map(({ status }) => status.state))).toEqual(new Set(['TASK_STATE_FAILED']));
    expect(JSON.stringify(tasks)).not.toContain('sk-model-key');
  });

  it('a cancel ends it while the model thinks', async () => {
    const sent = await call(
      url('assistant'),
      'SendMessage',
      { message: userMessage('thinks for ever'), configuration: { returnImmediately: true } },
      V1,
    );
    await until('the model', () => (askedFor('thinks for ever').length > 1 ? true : undefined));
    const canceled = await call(url('assistant'), 'CancelTask', { id: sent.task.id }, V1);
    expect(canceled.status.state).toBe('TASK_STATE_CANCELED');
  });
});
