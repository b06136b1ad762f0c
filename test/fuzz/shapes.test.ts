/** What comes as JSON or YAML: bodies, definitions, cards, answers of others, schemas, receipts. */
import { Task } from '@a2a-js/sdk';
import fc from 'fast-check';
import { beforeAll, describe, expect } from 'vitest';
import type { z } from 'zod';
import { blockingOf, modernized, returnsImmediately, withPartKinds } from '../../src/a2a/dialects.ts';
import { withJsonNames } from '../../src/a2a/json-names.ts';
import { checkParams } from '../../src/a2a/params.ts';
import { agentsIn, parsedAgents } from '../../src/agents/agents-file.ts';
import { fromJsonSchema } from '../../src/agents/json-schema.ts';
import { reviewProfile } from '../../src/agents/review.ts';
import { rowsOfData } from '../../src/console/ui/parts/tabular.ts';
import { filled, startOf } from '../../src/console/ui/schema-form/data.ts';
import { problemsOf } from '../../src/console/ui/schema-form/problems.ts';
import { kindOf, type Schema, shapeOf, titleOf } from '../../src/console/ui/schema-form/schema.ts';
import { HostError } from '../../src/errors.ts';
import { GatewayError } from '../../src/gateway/gateway-error.ts';
import * as gateway from '../../src/gateway/requests.ts';
import * as invoke from '../../src/invoke/requests.ts';
import { answerIn, asksInForms } from '../../src/mcp/session.ts';
import { partsOf } from '../../src/mcp/tools.ts';
import { decide, REFUSALS } from '../../src/policy/decide.ts';
import { headersOf } from '../../src/push/headers.ts';
import { checkConfig } from '../../src/push/push-config.ts';
import type { ExportLine } from '../../src/receipts/export.ts';
import { verifyExport } from '../../src/receipts/verify-export.ts';
import { presentAs } from '../../src/remote/credentials.ts';
import { CardError, fetchCard } from '../../src/remote/fetch-card.ts';
import { BadAnswer, taskFromWire } from '../../src/remote/wire.ts';
import { parseSigningKeys, type SigningKeys } from '../../src/signing/keys.ts';
import { readReport } from '../../src/tasks/contract-schema.ts';
import { checkValues, lostName } from '../../src/web/json-values.ts';
import { exportOf, jwksOf } from '../support/memory-receipts.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { feed, json, nearly, repeated, spoiled, text, thrownBy } from './feed.ts';

const message = {
  messageId: 'm',
  role: 'ROLE_USER',
  parts: [
    { text: 'x' },
    { data: { a: 1 } },
    { raw: 'AAAA', filename: 'a', mediaType: 'a/b' },
    { url: 'x:y' },
  ],
  metadata: { a: 1 },
  extensions: ['urn:x'],
  referenceTaskIds: ['t'],
};
const older = {
  kind: 'message',
  messageId: 'm',
  role: 'user',
  parts: [
    { kind: 'text', text: 'x' },
    { type: 'file', file: { bytes: 'AAAA', name: 'a' } },
  ],
};
const hook = {
  url: 'https://a.example/x',
  token: 't',
  authentication: { scheme: 'Bearer', credentials: 'c' },
};

describe('the protocol’s requests', () => {
  const request = (method: string, params: object) => ({ jsonrpc: '2.0', id: 1, method, params });
  const configuration = { acceptedOutputModes: ['a/b'], historyLength: 1, taskPushNotificationConfig: hook };
  const v1 = [
    request('SendMessage', { message, configuration, metadata: {} }),
    request('ListTasks', { contextId: 'c', status: 'TASK_STATE_WORKING', pageSize: 5, pageToken: 't' }),
    request('CreateTaskPushNotificationConfig', { taskId: 't', ...hook }),
    request('GetTask', { id: 't', historyLength: 3 }),
  ];
  const v03 = [
    request('message/send', {
      message: older,
      configuration: { blocking: true, pushNotificationConfig: hook },
    }),
    request('tasks/send', { id: 'a', sessionId: 's', message: older, pushNotification: hook }),
    request('tasks/pushNotificationConfig/set', { taskId: 't', pushNotificationConfig: hook }),
  ];
  for (const [version, samples] of [
    ['1.0', v1],
    ['0.3', v03],
  ] as const) {
    feed(`of version ${version}`, spoiled(...samples), async (given) => {
      if (typeof given?.method !== 'string') return;
      await thrownBy(() => {
        const { request: now } = modernized(given);
        const kinds = withPartKinds(withJsonNames(now));
        blockingOf(kinds);
        returnsImmediately(kinds);
        checkParams(kinds, version);
      }, HostError);
    });
  }

  feed('values: counted, and never too deep', fc.tuple(json, fc.nat(3_000)), async ([given, depth]) => {
    const deep = JSON.parse('['.repeat(depth) + ']'.repeat(depth) || '0');
    const thrown = await thrownBy(() => checkValues({ given, deep }), HostError);
    if (depth > 101) expect(thrown).toBeDefined();
    lostName(given);
  });
});

describe('the facades’ bodies', () => {
  const review = {
    risk_level: 'low',
    human_approval_required: false,
    allowed_regions: ['DE'],
    cost_per_call_units: 1,
  };
  const workflow = {
    code: 'a-code',
    name: 'A',
    description: 'a',
    version: '1',
    skills: [{ id: 'a', name: 'A', description: 'a', tags: ['a'] }],
    workflow_type: 'W',
    task_queue: 'q',
    args: ['$.text'],
  };
  const bodies: [string, z.ZodType, object[]][] = [
    [
      'invoke',
      gateway.invokeSchema,
      [
        {
          message: 'x',
          input: { a: 1 },
          context_id: 'c',
          region: 'DE',
          max_cost_units: 5,
          confirm_risky: true,
        },
        {
          agent_envelope: { message },
          auth_context_id: 'a',
          settlement: { rail: 'x402', currency: 'USD', amount: '1.5' },
        },
      ],
    ],
    [
      'publish',
      gateway.publishSchema,
      [
        { agent_id: 'a', card_url: 'https://a.example', review },
        { workflow, review },
      ],
    ],
    [
      'a stored credential',
      gateway.authContextSchema,
      [{ provider_id: 'p', auth_model: 'bearer', token: 't', expires_at: '2099-01-01T00:00:00Z' }],
    ],
    ['a key', gateway.keySchema, [{ name: 'ci', scopes: ['admin'], expires: '90d' }]],
    [
      'a list of receipts',
      gateway.receiptQuerySchema,
      [{ agent_id: 'a', status: 'failed', limit: '5', cursor: 'x' }],
    ],
    ['a list of tasks', gateway.taskListSchema, [{ context_id: 'c', limit: 5 }]],
    ['the audit log', gateway.auditQuerySchema, [{ event: 'x', caller: 'y', limit: '5' }]],
  ];
  for (const [what, schema, samples] of bodies) {
    feed(`the gateway’s: ${what}`, spoiled(...samples), async (given) => {
      const thrown = await thrownBy(() => gateway.parseBody(schema, given), GatewayError, HostError);
      if (thrown !== undefined) expect(thrown.message).toMatch(/\S/);
    });
  }

  const call = {
    agentId: 'a',
    sessionId: 's',
    message: { role: 'user', parts: message.parts, messageId: 'm' },
    skillIds: ['a'],
    configuration: {
      acceptedOutputModes: ['text/*'],
      historyLength: 2,
      taskPushNotificationConfig: { url: 'https://a.example' },
    },
  };
  feed('the invoke facade’s', spoiled(call), async (given) => {
    await thrownBy(() => invoke.parse(invoke.invokeSchema, given, 'params'), HostError);
    await thrownBy(() => invoke.parse(invoke.listSchema, given, 'query'), HostError);
  });

  feed(
    'what policy says to any call',
    fc.record({
      region: fc.option(text, { nil: undefined }),
      maxCostUnits: fc.option(fc.double(), { nil: undefined }),
      confirmRisky: fc.option(fc.boolean(), { nil: undefined }),
    }),
    (request) => {
      const profile = reviewProfile({
        riskLevel: 'high',
        humanApprovalRequired: true,
        allowedRegions: ['DE'],
      });
      const agent = { agentId: 'a', blocked: false, review: profile };
      const provider = { providerId: 'p', revoked: false, blocked: false };
      const said = decide(agent, provider, JSON.parse(JSON.stringify(request)), {});
      if (said.decision === 'refuse') expect(REFUSALS).toContain(said.code);
      else expect([request.region?.trim().toUpperCase(), request.confirmRisky]).toEqual(['DE', true]);
    },
  );
});

describe('tools of MCP', () => {
  const input = { type: 'object', properties: { a: { type: 'number' } } };
  feed(
    'their arguments',
    fc.tuple(spoiled({ message: 'x', a: 1 }), fc.constantFrom(undefined, input, {})),
    async ([given, schema]) => {
      if (typeof given !== 'object' || given === null) return;
      await thrownBy(() => partsOf({ inputSchema: schema } as never, given), HostError);
      asksInForms(given);
      answerIn(given);
    },
  );
});

describe('definitions', () => {
  const agent = {
    code: 'a-code',
    name: 'A',
    description: 'a',
    version: '1.0.0',
    skills: [{ id: 'a', name: 'A', description: 'a', tags: ['a'] }],
    input: { type: 'object', properties: { a: { type: 'string', pattern: '^a+$' } }, required: ['a'] },
    plain: {
      workflowType: 'W',
      taskQueue: 'q',
      args: [{ a: '$.data.a' }],
      timeout: '90s',
      result: { text: '{{ $.result }}' },
    },
  };
  feed('published ones', spoiled({ agents: [agent] }), async (given) => {
    const thrown = await thrownBy(() => agentsIn(given), HostError);
    if (thrown !== undefined) expect(thrown).toMatchObject({ code: 'config' });
  });
  const yaml = 'agents:\n  - &a\n    code: a\n    skills: [{ id: a }]\n  - <<: *a\n    code: "b"\n';
  const short = (given: string) => given.slice(0, 2_000);
  const pieces = repeated('[', '- ', '&a ', '*a', '{', ': ', '\n', '"');
  feed('agents.yaml', fc.oneof(text, nearly(yaml), pieces).map(short), async (given) => {
    await thrownBy(() => {
      const value = parsedAgents(given);
      agentsIn(value);
    }, HostError);
  });
  feed('their schemas', fc.tuple(spoiled(agent.input), json), async ([schema, value]) => {
    if (typeof schema !== 'object' || schema === null) return;
    await thrownBy(() => fromJsonSchema(schema).safeParse(value), Error);
  });
});

describe('what agents elsewhere say', () => {
  const card = {
    name: 'Remote',
    description: 'there',
    version: '1',
    supportedInterfaces: [
      { url: 'https://a.example/rpc', protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    ],
    capabilities: { extensions: [{ uri: 'urn:x', params: { a: 1 } }] },
    securitySchemes: { key: { apiKeySecurityScheme: { location: 'header', name: 'x-key' } } },
    securityRequirements: [{ schemes: { key: { list: [] } } }],
    signatures: [{ protected: 'eyJhbGciOiJFZERTQSJ9', signature: 'AAAA' }],
    defaultInputModes: ['text/plain'],
    skills: [{ id: 'a', name: 'A', description: 'a', tags: [], examples: ['x'] }],
  };
  const v03 = {
    name: 'Older',
    description: 'there',
    version: '1',
    url: 'https://a.example/rpc',
    protocolVersion: '0.3.0',
    preferredTransport: 'JSONRPC',
    capabilities: {},
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    security: [{ bearer: [] }],
    skills: [],
  };
  const unsigned = { ...card, signatures: undefined };
  feed(
    'their cards: refused in words, or good enough to be called',
    spoiled(card, unsigned, v03),
    async (given) => {
      await thrownBy(async () => {
        const found = await fetchCard('https://a.example/card', async () => Response.json(given));
        JSON.stringify(found.json);
        expect(found.card.supportedInterfaces.length).toBeGreaterThan(0);
        const headers = new Headers();
        try {
          presentAs(found.card, 'secret')(new URL('https://a.example/rpc'), headers);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }, CardError);
    },
  );

  const task = {
    id: 't',
    contextId: 'c',
    status: { state: 'TASK_STATE_COMPLETED', message: { ...message, role: 'ROLE_AGENT' } },
    artifacts: [{ artifactId: 'a', name: 'n', parts: message.parts }],
    history: [message],
  };
  feed('their tasks', spoiled(task), async (given) => {
    let read: Task;
    try {
      read = Task.fromJSON(given);
    } catch {
      // The client’s own codec, whose every failure is a failed call.
      return;
    }
    const thrown = await thrownBy(() => taskFromWire(read), BadAnswer, Error);
    if (thrown !== undefined) expect(thrown.message).toMatch(/agent’s/);
  });
});

describe('webhooks', () => {
  let keys: SigningKeys;
  beforeAll(async () => {
    keys = await parseSigningKeys(newSigningKey(), 'the test');
  });
  const config = { ...hook, id: 'i', headers: { 'X-Tenant': 'nine' } };
  const headerName = fc.oneof(text, nearly('X-Tenant', 'authorization'));
  feed(
    'what is taken can be sent as it is',
    fc.tuple(
      nearly('https://a.example/x?y=1', 'http://[::1]:1'),
      headerName,
      text,
      nearly('Bearer', 'Basic'),
    ),
    async ([url, name, value, scheme]) => {
      const given = {
        ...config,
        url,
        headers: { [name]: value },
        authentication: { scheme, credentials: value },
      };
      const thrown = await thrownBy(() => checkConfig(given, ''), HostError);
      if (thrown !== undefined) return;
      const headers = headersOf({ id: 'i', body: '{}', timestamp: 1 }, given, keys.current.privateKey);
      expect(new URL(url).protocol).toMatch(/^https?:$/);
      for (const [key, text] of Object.entries(headers)) new Headers().set(key, text);
    },
  );
});

describe('what workers report', () => {
  const report = {
    taskId: '6c7e5b7e-0000-4000-8000-000000000000',
    runId: 'r',
    sequence: 1,
    status: { state: 'working', message: { messageId: 'm', role: 'agent', parts: [{ text: 'x' }] } },
    artifacts: [{ artifactId: 'a', parts: [{ data: 1 }] }],
    messages: [],
    applied: ['m'],
  };
  feed('is a report, or a problem in words', spoiled(report), (given) => {
    const read = readReport(given);
    expect('report' in read || read.problem.length > 0).toBe(true);
  });
});

describe('receipts', () => {
  let keys: SigningKeys;
  let lines: ExportLine[];
  beforeAll(async () => {
    keys = await parseSigningKeys(newSigningKey(), 'the test');
    lines = await exportOf(keys, { local: 2, other: 1 });
  });
  feed(
    'of an export that was changed: told, never thrown',
    fc.tuple(fc.nat(), fc.nat(), json),
    async ([line, place, value]) => {
      const all = structuredClone(lines) as unknown[];
      const at = line % all.length;
      const before = JSON.stringify(all[at]);
      all[at] = fc.sample(spoiled(all[at]), { numRuns: 1, seed: place })[0];
      if (place % 7 === 0) all[at] = value;
      const { findings } = await verifyExport(all, { jwks: jwksOf(keys) });
      if (JSON.stringify(all[at]) !== before) expect(Array.isArray(findings)).toBe(true);
      else expect(findings).toEqual([]);
    },
  );
});

describe('the console', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      a: { type: 'string', enum: ['x'] },
      b: { type: ['integer', 'null'], minimum: 1 },
      c: { type: 'array', items: { $ref: '#/$defs/c' } },
      d: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
    required: ['a'],
    $defs: { c: { type: 'object', properties: { c: { $ref: '#' } } } },
  };
  feed('forms of all schemas that a host takes', fc.tuple(spoiled(schema), json), ([given, value]) => {
    try {
      fromJsonSchema(given);
    } catch {
      return;
    }
    const kind = kindOf(shapeOf(given, given).schema);
    expect(typeof kind).toBe('string');
    titleOf('someName', given);
    const start = startOf(given, given);
    problemsOf(filled(start, given, given), given);
    filled(value, given, given);
  });
  feed('tables of any data', json, (given) => {
    for (const row of rowsOfData(given)?.rows ?? [])
      for (const cell of row) expect(typeof cell).toBe('string');
  });
});
