import { describe, expect, it } from 'vitest';
import { callerIdSchema } from '../../src/gateway/caller-data-operations.ts';
import { plainDecimal } from '../../src/gateway/decimal.ts';
import {
  invokeSchema,
  parseBody,
  providerSchema,
  publishRemoteSchema,
  publishWorkflowSchema,
} from '../../src/gateway/requests.ts';

/** As it comes: JSON text. */
const invoke = (text: string) => parseBody(invokeSchema, JSON.parse(text));
const amountOf = (amount: string) =>
  invoke(`{"message":"x","settlement":{"amount":${amount}}}`).settlement?.amount;

describe('the amount of a settlement', () => {
  it.each([
    ['15', '15'],
    ['15.50', '15.5'],
    ['0', '0'],
    ['0.0000001', '0.0000001'],
    ['123456789012345', '123456789012345'],
    ['1e21', '1000000000000000000000'],
    ['"12345678901234567890.12"', '12345678901234567890.12'],
    ['"0.10"', '0.10'],
  ])('%s is %s', (given, amount) => {
    expect(amountOf(given)).toBe(amount);
  });

  it.each([
    ['12345678901234567890.12', 'send it as a string'],
    ['1234567890123456.78', 'send it as a string'],
    ['-1', 'not negative'],
    ['"1e3"', 'must be a decimal number'],
  ])('%s is refused: %s', (given, problem) => {
    expect(() => amountOf(given)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining(problem) }),
    );
  });

  it('is what was written, whatever its size', () => {
    for (let exponent = -18; exponent < 15; exponent++) {
      const value = 3.7 * 10 ** exponent;
      const text = plainDecimal(value);
      if (text !== undefined) expect(Number(text)).toBe(value);
    }
  });
});

describe('the id of a caller', () => {
  it.each(['local', 'key:ci', 'key:me@example.com', 'https://issuer.example/#a user'])('%s', (id) => {
    expect(callerIdSchema.parse(id)).toBe(id);
  });

  it.each([[''], ['ci'], ['key:'], ['key:two words'], ['#a'], ['key:a\nb'], [`key:${'a'.repeat(1_000)}`]])(
    'not %j',
    (id) => {
      expect(callerIdSchema.safeParse(id).success).toBe(false);
    },
  );
});

describe('null is absent', () => {
  it('also in a settlement, but for what is its payment scheme’s own', () => {
    const body = invoke(
      '{"message":"x","settlement":{"rail":null,"currency":null,"amount":null,"theirs":null}}',
    );
    expect(body.settlement).toEqual({ theirs: null });
  });

  it('also in a review and a workflow', () => {
    const card = { agent_id: 'a', card_url: 'http://a.example/card' };
    const review = { risk_level: null, allowed_regions: null };
    expect(parseBody(publishRemoteSchema, { ...card, review }).review.risk_level).toBe('medium');
    const workflow = {
      code: 'a',
      name: 'A',
      description: 'a',
      version: '1',
      skills: [{ id: 'a', name: 'A', description: 'a', tags: [] }],
      workflow_type: 'A',
      task_queue: 'q',
    };
    expect(
      parseBody(publishWorkflowSchema, { workflow: { ...workflow, args: null, result: null } }).workflow,
    ).toEqual(workflow);
  });

  it('but not in what is for the agent', () => {
    expect(invoke('{"input":{"a":null}}').input).toEqual({ a: null });
  });
});

it.each([
  ['{"input":{"__proto__":{"a":1}}}', 'input.__proto__'],
  ['{"message":"x","settlement":{"theirs":[{"__proto__":1}]}}', 'settlement.theirs.0.__proto__'],
])('%s: refused by its name, not left out', (text, field) => {
  expect(() => invoke(text)).toThrow(
    expect.objectContaining({ status: 400, message: `${field}: is no name for a field` }),
  );
});

it.each([
  'http://user:secret@a.example/card',
  'https://token@a.example/card',
  'http:user:secret@a.example',
  'http:\\\\user:secret@a.example',
  'http:///user:secret@a.example',
  'ht\ntp://user:secret@a.example',
  'http://us\ter:secret@a.example',
])('a URL that is shown holds no credentials: %j', (url) => {
  const problem = expect.objectContaining({
    status: 400,
    message: expect.not.stringContaining('secret'),
  });
  expect(() => parseBody(publishRemoteSchema, { agent_id: 'a', card_url: url })).toThrow(problem);
  expect(() => parseBody(providerSchema, { provider_id: 'a', name: 'A', url })).toThrow(problem);
});

it('one with an @ behind its host is none of those', () => {
  const card_url = 'https://a.example:8443/@team/card.json?by=a@b';
  expect(parseBody(publishRemoteSchema, { agent_id: 'a', card_url }).card_url).toBe(card_url);
});

it('a review costs no more than the record counts to', () => {
  const body = {
    agent_id: 'a',
    card_url: 'http://a.example/card',
    review: { cost_per_call_units: 3_000_000_000 },
  };
  expect(() => parseBody(publishRemoteSchema, body)).toThrow(/^review\.cost_per_call_units: /);
});
