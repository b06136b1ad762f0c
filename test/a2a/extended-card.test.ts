/** The extended card (A2A v1.0 §3.1.11) in every dialect and over HTTP+JSON. */

import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentSurface } from '../../src/a2a/surface.ts';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { cardSigner } from '../../src/signing/card-signer.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { TaskService } from '../../src/tasks/service.ts';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { agentOf, skillOf } from '../support/agents.ts';
import { NO_LIMITS } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { post, type Wire } from '../support/rpc.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { silentLog } from '../support/tasks.ts';

const PUBLIC = 'http://host';
const keys = await parseSigningKeys(newSigningKey(), 'SIGNING_KEY');
const secret = skillOf({ id: 'close-books', name: 'Close the books' });
const catalog = new AgentCatalog([
  agentOf('open'),
  agentOf('deep', { extended: { description: 'Says more.', skills: [secret] } }),
]);
let server: Awaited<ReturnType<typeof serveRouter>>;

beforeAll(async () => {
  const cards = new CardBook({ catalog, publicUrl: PUBLIC, modifiedAt: new Date() });
  await cards.sign(cardSigner(keys, PUBLIC));
  const unused = {} as never;
  const { router } = agentSurface({
    catalog,
    cards,
    registry: { sync: async () => {}, search: async () => ({ total: 0, agents: [] }) },
    tasks: new TaskService({
      store: unused,
      engine: unused,
      feed: unused,
      files: unused,
      fileUrl: undefined,
    }),
    files: unused,
    push: unused,
    publicUrl: PUBLIC,
    cardVersion: '1.0',
    sendWaitMs: 300,
    maxBody: 10_000,
    requests: new OpenRequests(),
    refusals: async () => () => undefined,
    ...NO_LIMITS,
    log: silentLog,
  });
  server = await serveRouter('/a2a', router);
});

afterAll(() => server.close());

async function ask(code: string, method: string, version: string): Promise<Wire> {
  const request = { jsonrpc: '2.0', id: 1, method, params: {} };
  return (await post(`${server.url}/${code}`, request, { 'A2A-Version': version })).body;
}

const publicCard = async (file: string): Promise<Wire> =>
  (await fetch(`${server.url}/deep/.well-known/${file}`)).json() as Promise<Wire>;

it('the public card says that there is more, and nothing of it', async () => {
  const card = await publicCard('agent-card.json');
  expect(card.capabilities.extendedAgentCard).toBe(true);
  expect((await publicCard('agent.json')).supportsAuthenticatedExtendedCard).toBe(true);
  expect(JSON.stringify(card)).not.toMatch(/close-books|Says more/);
});

it('v1.0: the whole card, signed', async () => {
  const { result } = await ask('deep', 'GetExtendedAgentCard', '1.0');
  expect(result).toMatchObject({ name: 'deep', description: 'Says more.', skills: [{ id: 'do' }, secret] });
  await verifyAgentCardSignature(async () => keys.publicJwks[0] as never)(AgentCard.fromJSON(result));
  const rest = await fetch(`${server.url}/deep/rest/extendedAgentCard`, {
    headers: { 'A2A-Version': '1.0' },
  });
  expect(await rest.json()).toEqual(result);
});

it('v0.3: the same in its shape, with a signature of its own', async () => {
  const { result } = await ask('deep', 'agent/getAuthenticatedExtendedCard', '0.3');
  const { signatures, ...card } = await publicCard('agent.json');
  expect(result).toEqual({
    ...card,
    description: 'Says more.',
    skills: [...card.skills, secret],
    signatures: [{ protected: expect.any(String), signature: expect.any(String) }],
  });
  expect(result.signatures).not.toEqual(signatures);
});

it.each([
  ['GetExtendedAgentCard', '1.0'],
  ['agent/getAuthenticatedExtendedCard', '0.3'],
])('an agent without one: -32007 to %s', async (method, version) => {
  expect((await ask('open', method, version)).error.code).toBe(-32007);
});
