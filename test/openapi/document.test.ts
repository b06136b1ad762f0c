/** `/openapi.json` and `/docs`, from the tables they are made of. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as request from '../../src/gateway/requests.ts';
import { type OpenApiOperation, openApiDocument } from '../../src/openapi/document.ts';
import { documentPage, PAGE_POLICY } from '../../src/openapi/page.ts';
import { DESCRIBED, SURFACES } from '../../src/surfaces.ts';

const document = openApiDocument(DESCRIBED, {
  url: 'https://agents.example.com',
  version: '1.2.3',
  openIdConnectUrl: 'https://login.example.com/.well-known/openid-configuration',
});
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
);

it('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...structuredClone(document) })).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('describes every route of the facades, and nothing that is no route', () => {
  const shown = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}');
  const routes = SURFACES.filter(({ path }) => path.startsWith('/v1'))
    .flatMap(({ path, routes: all }) => all.map((route) => `${route.method} ${path}${shown(route.path)}`))
    .concat('post /orchestrator/a2a/v1/agents/search');
  expect(operations.map(({ name }) => name).sort()).toEqual(routes.sort());
  for (const { operations: described, surface } of DESCRIBED) {
    const known = surface.routes.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(described).filter((name) => !known.includes(name))).toEqual([]);
  }
});

it('gives each operation a name of its own', () => {
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
});

/** All `$ref`s below a value. */
const refsIn = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, inner]) =>
        name === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
      );

it('refers to schemas that are there, and has none that nobody refers to', () => {
  const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  const used = new Set(refsIn(document));
  expect([...used].filter((ref) => !known.includes(ref))).toEqual([]);
  expect(known.filter((ref) => !used.has(ref))).toEqual([]);
});

describe.each(operations)('$name', ({ path, operation }) => {
  it('says its statuses, and what is answered with each', () => {
    const statuses = Object.keys(operation.responses).map(Number);
    expect(statuses.some((status) => status < 300)).toBe(true);
    expect(statuses).toEqual(expect.arrayContaining([401, 403, 429, 500, 503]));
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      expect(description).toMatch(/\S/);
      expect(content === undefined).toBe(status === '204');
    }
  });

  it('says what its path and its body hold', () => {
    const named = (operation.parameters ?? []).filter(({ in: where }) => where === 'path');
    expect(named.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    if (operation.requestBody === undefined) return;
    const { schema, example } = operation.requestBody.content['application/json'] ?? {};
    expect(schema).toHaveProperty('$ref');
    expect(example).toBeDefined();
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '413', '415']));
  });
});

it('takes each example it gives', () => {
  for (const { surface, operations: described } of DESCRIBED) {
    for (const [name, { body, example }] of Object.entries(described)) {
      expect(body?.safeParse(example).error, `${surface.path} ${name}`).toBeUndefined();
    }
  }
});

it('says of a request what is taken: fields, limits, defaults, and no other field', () => {
  const { InvokeAgentRequest, AgentPage } = document.components.schemas;
  expect(InvokeAgentRequest).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: {
      max_cost_units: { type: ['integer', 'null'], minimum: 0 },
      confirm_risky: { type: ['boolean', 'null'], default: false },
    },
  });
  // What is read may have more fields in later versions.
  expect(AgentPage).not.toHaveProperty('additionalProperties');
  const receipts = document.paths['/v1/receipts']?.get as OpenApiOperation;
  expect(receipts.parameters?.find(({ name }) => name === 'limit')?.schema).toMatchObject({
    type: 'integer',
    minimum: 1,
    maximum: 200,
    default: 50,
  });
});

describe('a body is taken by the host and by its schema alike', () => {
  const ajv = new Ajv2020({ strict: false });
  (addFormats as unknown as (to: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'all', components: document.components });
  const bySchema = (name: string, body: object) =>
    ajv.validate({ $ref: `all#/components/schemas/${name}` }, body) as boolean;
  const byHost = (schema: z.ZodType, body: object) => {
    try {
      request.parseBody(schema, body);
      return true;
    } catch {
      return false;
    }
  };
  const says = { message: 'hello' };
  const settled = (settlement: object) => ({ ...says, settlement });
  const skill = { id: 's', name: 'S', description: 'It does.', tags: ['t'] };
  const workflow = {
    code: 'a',
    name: 'A',
    description: 'It does.',
    version: '1',
    skills: [skill],
    workflow_type: 'A',
    task_queue: 'q',
  };
  const { description: _, ...undescribed } = skill;
  const remote = { agent_id: 'a', card_url: 'https://a.example/card' };
  const nothing = (schema: z.ZodObject) =>
    Object.fromEntries(Object.keys(schema.shape).map((name) => [name, null]));

  it.each<[string, z.ZodType, object, boolean]>([
    ['InvokeAgentRequest', request.invokeSchema, { ...nothing(request.invokeSchema), ...says }, true],
    ['InvokeAgentRequest', request.invokeSchema, { ...says, input: { any: null } }, true],
    ['InvokeAgentRequest', request.invokeSchema, { ...says, confirm_risky: 'yes' }, false],
    ['InvokeAgentRequest', request.invokeSchema, settled({ rail: null, currency: null, amount: null }), true],
    ['InvokeAgentRequest', request.invokeSchema, settled({ theirs: [null] }), true],
    ['InvokeAgentRequest', request.invokeSchema, settled({ currency: 'usd' }), true],
    ['InvokeAgentRequest', request.invokeSchema, settled({ currency: ' USDC ' }), true],
    ['InvokeAgentRequest', request.invokeSchema, settled({ currency: 'us' }), false],
    ['InvokeAgentRequest', request.invokeSchema, settled({ rail: ' X402 ' }), true],
    ['InvokeAgentRequest', request.invokeSchema, settled({ rail: '  ' }), false],
    ...([0, 15.5, 1e21, '0.10', ' 12 ', '123456789012345678901234567890'] as const).map(
      (amount): [string, z.ZodType, object, boolean] => [
        'InvokeAgentRequest',
        request.invokeSchema,
        settled({ amount }),
        true,
      ],
    ),
    ...([-1, 1e30, '1e5', '-1', '', '1.', true, {}] as const).map(
      (amount): [string, z.ZodType, object, boolean] => [
        'InvokeAgentRequest',
        request.invokeSchema,
        settled({ amount }),
        false,
      ],
    ),
    ['TaskGetRequest', request.taskGetSchema, nothing(request.taskGetSchema), true],
    ['TaskListRequest', request.taskListSchema, nothing(request.taskListSchema), true],
    ['TaskListRequest', request.taskListSchema, { status: 'running' }, true],
    ['TaskListRequest', request.taskListSchema, { status: 'done' }, false],
    ['PublishAgentRequest', request.publishSchema, { ...remote, provider_id: null, review: null }, true],
    ['PublishAgentRequest', request.publishSchema, { ...remote, review: { risk_level: null } }, true],
    ['PublishAgentRequest', request.publishSchema, { ...remote, agent_id: null }, false],
    ['PublishAgentRequest', request.publishSchema, { ...remote, card_url: 'http://u:p@a.example' }, false],
    ['PublishAgentRequest', request.publishSchema, { workflow: { ...workflow, args: null } }, true],
    ['PublishAgentRequest', request.publishSchema, { workflow: { ...workflow, name: null } }, false],
    ['PublishAgentRequest', request.publishSchema, { workflow: { ...workflow, code: 'A' } }, false],
    [
      'PublishAgentRequest',
      request.publishSchema,
      { workflow: { ...workflow, skills: [undescribed] } },
      false,
    ],
    ['PublishAgentRequest', request.publishSchema, { workflow: { ...workflow, skills: [] } }, false],
    ['ProviderRequest', request.providerSchema, { provider_id: 'a', name: ' A ', url: null }, true],
    ['ProviderRequest', request.providerSchema, { provider_id: 'a', name: ' ' }, false],
    ['ReasonRequest', request.reasonSchema, { reason: null }, false],
  ])('%s %#', (name, schema, body, isTaken) => {
    expect([byHost(schema, body), bySchema(name, body)], JSON.stringify(body)).toEqual([isTaken, isTaken]);
  });

  it('in the search of agents too, null is absent', () => {
    expect(bySchema('SearchRequest', { query: null, top: null })).toBe(true);
  });
});

it('has a scheme for access tokens only where they are taken', () => {
  const without = openApiDocument(DESCRIBED, { url: 'http://127.0.0.1:8042', version: '1.2.3' });
  expect(Object.keys(without.components.securitySchemes)).toEqual(['apiKey', 'bearer']);
  expect(Object.keys(document.components.securitySchemes)).toContain('openIdConnect');
});

describe('the page', () => {
  const page = documentPage(document);

  it('shows every operation and every schema', () => {
    for (const { operation } of operations) expect(page).toContain(`<details id="${operation.operationId}">`);
    for (const name of Object.keys(document.components.schemas)) {
      expect(page).toContain(`<details id="schema-${name}">`);
    }
  });

  it('needs no script and nothing from elsewhere, and its policy allows none', () => {
    expect(page).not.toMatch(/<script|<link|<img|\son\w+=|\sstyle=|@import|url\(/i);
    expect(PAGE_POLICY).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]{44}';/);
    expect(PAGE_POLICY).not.toContain('unsafe');
  });

  it('shows text as text', () => {
    const odd = structuredClone(document);
    odd.info.description = '<b onclick="x">&';
    expect(documentPage(odd)).toContain('&lt;b onclick=&quot;x&quot;&gt;&amp;');
  });
});
