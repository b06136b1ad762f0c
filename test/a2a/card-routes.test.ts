import { AgentCard } from '@a2a-js/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardRoutes, hostCardRoutes } from '../../src/a2a/card-routes.ts';
import { AGENT_SURFACE_PATH, CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { agentOf } from '../support/agents.ts';
import { serveRouter } from '../support/http.ts';

const cards = new CardBook({
  catalog: new AgentCatalog([agentOf('echo')]),
  publicUrl: 'https://agents.example.com',
  modifiedAt: new Date('2026-11-21T07:00:00Z'),
});

const servers: { url: string; close(): Promise<void> }[] = [];
beforeAll(async () => {
  for (const defaultVersion of ['1.0', '0.3'] as const)
    servers.push(await serveRouter(AGENT_SURFACE_PATH, cardRoutes({ cards, defaultVersion })));
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

const get = (file: string, init: RequestInit = {}, server = 0): Promise<Response> =>
  fetch(`${servers[server]?.url}/echo/.well-known/${file}`, init);

async function shapeOf(response: Response): Promise<string> {
  const card = (await response.json()) as Record<string, unknown>;
  if ('supportedInterfaces' in card) return 'url' in card ? 'hybrid' : '1.0';
  return 'url' in card ? '0.3' : 'none';
}

describe('agent.json', () => {
  it.each([{}, { 'A2A-Version': '1.0' }])(
    'is the v0.3 card whatever the version header: %j',
    async (headers) => {
      const response = await get('agent.json', { headers: headers as Record<string, string> });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await shapeOf(response)).toBe('0.3');
    },
  );
});

describe('agent-card.json', () => {
  it.each([
    [0, undefined, '1.0'],
    [0, '', '1.0'],
    [0, '1.0', '1.0'],
    [0, '1.0.3', '1.0'],
    [0, '0.3', '0.3'],
    [0, '0.3.0', '0.3'],
    [0, '7.0', '1.0'],
    [1, undefined, '0.3'],
    [1, '0.3', '0.3'],
    [1, '1.0', '1.0'],
  ])('of host %d for version %j has the shape of %s', async (server, version, shape) => {
    const headers: Record<string, string> = version === undefined ? {} : { 'A2A-Version': version };
    const response = await get('agent-card.json', { headers }, server);
    expect(await shapeOf(response)).toBe(shape);
    expect(response.headers.get('vary')).toMatch(/A2A-Version/);
  });

  it('takes the version from the query too', async () => {
    expect(await shapeOf(await get('agent-card.json?A2A-Version=0.3'))).toBe('0.3');
  });

  it('is what the protocol’s codec reads', async () => {
    const card = AgentCard.fromJSON(await (await get('agent-card.json')).json());
    expect(card.name).toBe('echo');
    expect(card.supportedInterfaces?.[0]?.protocolVersion).toBe('1.0');
  });
});

describe.each(['agent.json', 'agent-card.json'])('caching of %s (A2A v1.0 §8.6)', (file) => {
  it('names validators and a lifetime', async () => {
    const { headers } = await get(file);
    expect(headers.get('etag')).toMatch(/^"/);
    expect(headers.get('last-modified')).toBe('Sat, 21 Nov 2026 07:00:00 GMT');
    expect(headers.get('cache-control')).toMatch(/max-age=\d+/);
  });

  it('answers 304 to who has it', async () => {
    const etag = (await get(file)).headers.get('etag') ?? '';
    for (const headers of [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"other", W/${etag}` },
      { 'If-None-Match': '*' },
      { 'If-Modified-Since': 'Sat, 21 Nov 2026 07:00:00 GMT' },
    ]) {
      const response = await get(file, { headers: headers as Record<string, string> });
      expect([headers, response.status]).toEqual([headers, 304]);
      expect(await response.text()).toBe('');
      expect(response.headers.get('etag')).toBe(etag);
    }
  });

  it('answers 200 to who has another', async () => {
    for (const headers of [
      { 'If-None-Match': '"other"' },
      { 'If-None-Match': '"other"', 'If-Modified-Since': 'Sat, 21 Nov 2026 07:00:00 GMT' },
      { 'If-Modified-Since': 'Sat, 21 Nov 2026 06:59:59 GMT' },
    ]) {
      expect((await get(file, { headers: headers as Record<string, string> })).status).toBe(200);
    }
  });

  it('answers HEAD without a body', async () => {
    const response = await get(file, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('etag')).toMatch(/^"/);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100);
    expect(await response.text()).toBe('');
  });

  it('answers 404 in JSON for an unknown workflow code', async () => {
    const response = await fetch(`${servers[0]?.url}/nope/.well-known/${file}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: expect.stringContaining('nope'), status: 404 });
  });
});

describe('the host’s own card', () => {
  it.each([
    ['agent.json', undefined, '0.3'],
    ['agent-card.json', undefined, '1.0'],
    ['agent-card.json', '0.3', '0.3'],
  ])('%s at the root for version %j has the shape of %s', async (file, version, shape) => {
    const server = await serveRouter('/', hostCardRoutes({ cards, defaultVersion: '1.0', code: 'echo' }));
    const headers: Record<string, string> = version === undefined ? {} : { 'A2A-Version': version };
    const response = await fetch(`${server.url}.well-known/${file}`, { headers });
    expect(await shapeOf(response)).toBe(shape);
    expect(response.headers.get('etag')).toBe((await get(file, { headers })).headers.get('etag'));
    await server.close();
  });
});
