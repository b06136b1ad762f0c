import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { searchRoutes } from '../../src/a2a/search-routes.ts';
import type { AgentQuery, AgentRegistry } from '../../src/agents/search.ts';
import { unavailable } from '../../src/errors.ts';
import { callerNamed } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';

let asked: AgentQuery | undefined;
let asker: string | undefined;
let outage = false;

// The real registry has its own tests; this one says what the route asked it.
const registry: AgentRegistry = {
  sync: async () => {},
  search: async ({ viewer, ...query }) => {
    if (outage) throw unavailable('The record is not reachable at the moment');
    asked = query;
    asker = viewer?.id;
    return { total: 7, agents: [{ code: 'echo', name: 'Echo', description: 'Repeats.', version: '1.0.0' }] };
  },
};

let server: { url: string; close(): Promise<void> };
beforeAll(async () => {
  const router = searchRoutes({
    registry,
    callerOf: () => callerNamed('alice', ['agents:read']),
    registryVersion: () => 'v7',
    publicUrl: 'https://agents.example.com',
  });
  server = await serveRouter('/orchestrator/a2a/v1', router);
});
afterAll(() => server.close());
beforeEach(() => {
  asked = undefined;
  outage = false;
});

const post = (
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${server.url}/agents/search`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body }),
  });

describe('POST /agents/search', () => {
  it('answers with the registry’s shape, each resource pointing to its agent.json', async () => {
    const response = await post('{"query":"echo"}');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      registry_version: 'v7',
      resources: [
        {
          id: 'echo',
          name: 'Echo',
          description: 'Repeats.',
          version: '1.0.0',
          location: {
            type: 'agent_card',
            url: 'https://agents.example.com/orchestrator/a2a/v1/echo/.well-known/agent.json',
          },
        },
      ],
      total_count: 7,
    });
  });

  it.each([
    undefined,
    '',
    '  ',
    '{}',
    'null',
    '{"query":null,"skip":null,"top":null,"tags":null}',
    '{"color":1}',
  ])('takes %j as nothing asked', async (body) => {
    expect((await post(body)).status).toBe(200);
    expect(asked).toEqual({ skip: 0, top: 20 });
    expect(asker).toBe('alice');
  });

  it('needs no content type without a body', async () => {
    const response = await fetch(`${server.url}/agents/search`, { method: 'POST' });
    expect(response.status).toBe(200);
  });

  it('passes everything on', async () => {
    const query = {
      query: 'q',
      skip: 5,
      top: 100,
      skills: ['s'],
      tags: ['t'],
      provider: 'p',
      capabilities: ['streaming'],
    };
    await post(JSON.stringify(query), { 'Content-Type': 'application/json; charset=utf-8' });
    expect(asked).toEqual(query);
  });

  it.each([
    ['skip', '{"skip":-1}'],
    ['skip', '{"skip":1.5}'],
    ['skip', '{"skip":"1"}'],
    ['top', '{"top":0}'],
    ['top', '{"top":101}'],
    ['query', '{"query":7}'],
    ['tags', '{"tags":"finance"}'],
    ['skills.0', '{"skills":[1]}'],
    ['provider', '{"provider":[]}'],
    ['capabilities', '{"capabilities":{}}'],
    ['object', '[]'],
    ['object', '"echo"'],
  ])('refuses a bad %s: %s', async (field, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ message: expect.stringContaining(field), status: 400 });
    expect(asked).toBeUndefined();
  });

  it.each([
    [400, '{"query":', {}],
    [400, new Uint8Array([0x22, 0xff, 0x22]), {}],
    [415, '{}', { 'Content-Type': 'text/plain' }],
    [415, '{}', { 'Content-Encoding': 'gzip' }],
    [413, JSON.stringify({ query: 'x'.repeat(1024 * 1024) }), {}],
  ] as [number, string | Uint8Array<ArrayBuffer>, Record<string, string>][])(
    'answers %d in JSON to a body it cannot read',
    async (status, body, headers) => {
      const response = await post(body, headers);
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({ message: expect.any(String), status });
    },
  );

  it('stops reading a body of unknown length at the limit', async () => {
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const sending = request(`${server.url}/agents/search`, { method: 'POST', headers });
    const cut = new Promise((resolve) => sending.once('close', resolve));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      sending.once('error', reject);
      sending.once('response', (response) => {
        sending.on('error', () => {});
        response.resume();
        resolve(response.statusCode);
      });
      // Never ended: only a server that stops at the limit answers.
      sending.write(`"${'x'.repeat(1024 * 1024)}`);
    });
    expect(status).toBe(413);
    // And it does not go on taking what nobody reads.
    await cut;
  });

  it('says when the record is away', async () => {
    outage = true;
    const response = await post('{}');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ status: 503 });
  });
});
