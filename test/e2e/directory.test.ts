/** The host's own agent, for a client that knows only the host's address. */
import { type Artifact, Message, TaskState } from '@a2a-js/sdk';
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory } from '@a2a-js/sdk/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { post, userMessage, type Wire } from '../support/rpc.ts';

const dataDir = await temporaryDataDir();
let product: Product;

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: dataDir.path });
});

afterAll(async () => {
  await endAllProducts();
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
