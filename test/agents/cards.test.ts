import { AgentCard } from '@a2a-js/sdk';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AgentCards, agentCards, CardBook, type GrpcInterface } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { INPUT_SCHEMA_EXTENSION, SNAPSHOTS_EXTENSION } from '../../src/agents/extensions.ts';
import { agentOf, skillOf } from '../support/agents.ts';

const BASE = 'https://agents.example.com';
const STARTED = new Date('2026-11-21T07:00:00.900Z');

const cardsFor = (definition: AgentDefinition, grpc?: GrpcInterface) => {
  const agent = new AgentCatalog([definition]).get(definition.code);
  if (!agent) throw new Error('not published');
  return agentCards(agent, { publicUrl: BASE, modifiedAt: STARTED, grpc });
};

const SNAPSHOTS = { uri: SNAPSHOTS_EXTENSION, description: expect.any(String), required: false };
const plain = agentOf('echo', { skills: [skillOf({ examples: ['hello'] })] });
const withInput = agentOf('expense', { input: z.object({ amount: z.number() }) });

describe.each([
  ['without input', plain],
  ['with input', withInput],
])('the v1.0 card %s (A2A v1.0 §4.4.1)', (_, definition) => {
  const { json } = cardsFor(definition).v1;

  it('has the required fields and none of another version', () => {
    expect(Object.keys(json).sort()).toEqual([
      'capabilities',
      'defaultInputModes',
      'defaultOutputModes',
      'description',
      'name',
      'provider',
      'skills',
      'supportedInterfaces',
      'version',
    ]);
  });

  it('says nothing that the protocol’s own codec does not keep', () => {
    const decoded = AgentCard.toJSON(AgentCard.fromJSON(json)) as Record<string, unknown>;
    // The codec leaves out what is false or empty by default.
    expect(decoded).toMatchObject(withoutDefaults(json) as object);
  });
});

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, entry]) => !(key === 'required' && entry === false));
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutDefaults(entry)]));
}

describe('the v1.0 card', () => {
  it('declares its interfaces in the order the host prefers, under the agent’s own path (§8.3.1)', () => {
    const url = `${BASE}/orchestrator/a2a/v1/echo`;
    expect(cardsFor(plain).v1.json.supportedInterfaces).toEqual([
      { url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      { url: `${url}/rest`, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
      { url, protocolBinding: 'JSONRPC', protocolVersion: '0.3' },
    ]);
  });

  it('claims only what is served', () => {
    expect(cardsFor(plain).v1.json.capabilities).toEqual({
      streaming: true,
      pushNotifications: true,
      extendedAgentCard: false,
      extensions: [SNAPSHOTS],
    });
  });

  it('is there as the SDK’s object too', () => {
    const { sdkCard } = cardsFor(withInput);
    expect(sdkCard.supportedInterfaces[0]?.protocolVersion).toBe('1.0');
    expect(sdkCard.capabilities?.extensions[1]?.params).toMatchObject({ schema: { type: 'object' } });
    expect(sdkCard.securitySchemes).toEqual({});
  });
});

describe('the v0.3 card (A2A v0.3 §5.5)', () => {
  const { json } = cardsFor(plain).v03;

  it('has its fields, the older authentication beside them, and none of v1.0', () => {
    expect(json).toEqual({
      name: 'echo',
      description: 'An agent.',
      version: '1.0.0',
      url: `${BASE}/orchestrator/a2a/v1/echo`,
      protocolVersion: '0.3.0',
      preferredTransport: 'JSONRPC',
      additionalInterfaces: [{ url: `${BASE}/orchestrator/a2a/v1/echo`, transport: 'JSONRPC' }],
      provider: { organization: 'workflow-agent-host', url: BASE },
      capabilities: {
        streaming: true,
        pushNotifications: true,
        stateTransitionHistory: false,
        extensions: [SNAPSHOTS],
      },
      supportsAuthenticatedExtendedCard: false,
      defaultInputModes: ['text/plain', 'application/json'],
      defaultOutputModes: ['text/plain', 'application/json'],
      skills: [{ id: 'do', name: 'Do', description: 'Does it.', tags: ['thing'], examples: ['hello'] }],
      securitySchemes: {},
      security: [],
      authentication: { schemes: [] },
    });
  });
});

describe('where gRPC is served', () => {
  const address = 'agents.example.com:9000';
  const overGrpc = (cards: AgentCards) => {
    const { supportedInterfaces } = cards.v1.json as { supportedInterfaces: { protocolBinding: string }[] };
    return supportedInterfaces.filter(({ protocolBinding }) => protocolBinding === 'GRPC');
  };

  it('the v1.0 card names it after HTTP, with the tenant that is the agent (§8.3.1)', () => {
    const cards = cardsFor(plain, { address });
    expect(overGrpc(cards)).toEqual([
      { url: address, protocolBinding: 'GRPC', tenant: 'echo', protocolVersion: '1.0' },
    ]);
    expect(cards.v1.json.supportedInterfaces).toHaveProperty('2.protocolBinding', 'GRPC');
    expect(cards.v03.json.additionalInterfaces).toHaveLength(1);
  });

  it('the default agent, which needs no tenant, has it in v0.3 too', () => {
    const cards = cardsFor(plain, { address, defaultAgent: 'echo' });
    expect(overGrpc(cards)).toContainEqual({
      url: address,
      protocolBinding: 'GRPC',
      protocolVersion: '0.3',
    });
    expect(cards.v03.json.additionalInterfaces).toContainEqual({ url: address, transport: 'GRPC' });
  });
});

describe('both cards', () => {
  it.each(['v1', 'v03'] as const)('show the input’s JSON Schema as an extension: %s', (shape) => {
    const { capabilities } = cardsFor(withInput)[shape].json as { capabilities: { extensions: unknown[] } };
    expect(capabilities.extensions).toEqual([
      SNAPSHOTS,
      expect.objectContaining({
        uri: INPUT_SCHEMA_EXTENSION,
        required: false,
        params: { schema: expect.objectContaining({ properties: { amount: { type: 'number' } } }) },
      }),
    ]);
  });

  it.each(['v1', 'v03'] as const)('declare the agent’s own extensions: %s', (shape) => {
    const uri = 'https://example.com/e/v1';
    const { capabilities } = cardsFor(agentOf('a', { extensions: [{ uri, params: { a: 1 } }] }))[shape].json;
    expect(capabilities).toMatchObject({
      extensions: [SNAPSHOTS, { uri, required: false, params: { a: 1 } }],
    });
  });

  it.each(['v1', 'v03'] as const)('carry the agent’s own modes: %s', (shape) => {
    const { json } = cardsFor(agentOf('a', { inputModes: ['text/csv'], outputModes: ['image/png'] }))[shape];
    expect(json).toMatchObject({ defaultInputModes: ['text/csv'], defaultOutputModes: ['image/png'] });
  });

  it('have validators that follow their content', () => {
    const cards = cardsFor(plain);
    expect(cards.v1.etag).toMatch(/^"[\w-]{22}"$/);
    expect(cards.v1.etag).not.toBe(cards.v03.etag);
    expect(cardsFor(plain).v1.etag).toBe(cards.v1.etag);
    expect(cardsFor({ ...plain, version: '2' }).v1.etag).not.toBe(cards.v1.etag);
    expect(cards.lastModified).toBe('Sat, 21 Nov 2026 07:00:00 GMT');
  });

  it('take a base URL with a slash at its end', () => {
    const agent = { definition: plain };
    expect(agentCards(agent, { publicUrl: `${BASE}/`, modifiedAt: STARTED }).v03.json.url).toBe(
      `${BASE}/orchestrator/a2a/v1/echo`,
    );
  });
});

describe('CardBook', () => {
  const catalog = new AgentCatalog([plain]);
  const book = new CardBook({ catalog, publicUrl: BASE, modifiedAt: STARTED });

  it('makes an agent’s cards once', () => {
    expect(book.get('echo')).toBe(book.get('echo'));
  });

  it('has none for an unknown code', () => {
    expect(book.get('nope')).toBeUndefined();
  });
});
