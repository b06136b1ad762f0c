import { describe, expect, it } from 'vitest';
import { defineAgent } from '../../src/agents/definition.ts';
import { HostError } from '../../src/errors.ts';
import { agentOf, skillOf } from '../support/agents.ts';

describe('defineAgent', () => {
  it('returns the definition it was given', () => {
    expect(agentOf('echo').code).toBe('echo');
  });

  it.each([
    ['code', { code: 'Echo' }],
    ['code', { code: '-echo' }],
    ['code', { code: 'a'.repeat(64) }],
    ['code', { code: 'agents' }],
    ['code', { code: 'directory' }],
    ['code', { code: 'files' }],
    ['name', { name: '' }],
    ['version', { version: '' }],
    ['workflow', { workflow: 'not a name' }],
    ['skills', { skills: [] }],
    ['skills.0.tags', { skills: [{ ...skillOf(), tags: 'finance' as never }] }],
    ['inputModes.0', { inputModes: ['text'] }],
    ['extensions.0.uri', { extensions: [{ uri: 'no uri' }] }],
    ['extensions.0.uri', { extensions: [{ uri: 'https://a,b' }] }],
    ['extended', { extended: {} }],
    ['extended.skills', { extended: { skills: [] } }],
    ['taskQueue', { taskQueue: '' }],
    ['access', { access: {} }],
    ['access.scopes.0', { access: { scopes: ['two words'] } }],
    ['input', { input: { type: 'object' } as never }],
  ])('names the field %s that is wrong in %j', (field, given) => {
    let thrown: unknown;
    try {
      agentOf('echo', given);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(HostError);
    expect(thrown).toMatchObject({ code: 'config', field });
    expect((thrown as Error).message).toContain(field);
  });

  const plain = { workflowType: 'Order', taskQueue: 'orders' };
  const waitsFor = { query: 'q', update: 'u' };

  it.each([
    ['workflow', { workflow: undefined }],
    ['workflow', { plain }],
    ['workflow', { workflow: undefined, plain, cooperating: plain }],
    ['taskQueue', { workflow: undefined, plain, taskQueue: 'x' }],
    ['mayReply', { workflow: undefined, plain, mayReply: true }],
    ['cooperating.taskQueue', { workflow: undefined, cooperating: { ...plain, taskQueue: 'agents' } }],
    ['plain.taskQueue', { workflow: undefined, plain: { ...plain, taskQueue: 'agent-host' } }],
    ['plain.args.0', { workflow: undefined, plain: { ...plain, args: ['$.tekst'] } }],
    ['plain.result.data', { workflow: undefined, plain: { ...plain, result: { data: '$' } } }],
    ['plain.timeout', { workflow: undefined, plain: { ...plain, timeout: 'soon' } }],
    ['plain.memo.a', { workflow: undefined, plain: { ...plain, memo: { a: '$.answer' } } }],
    ['plain.waitsFor', { workflow: undefined, plain: { ...plain, waitsFor: { query: 'q' } } }],
    ['plain.waitsFor', { workflow: undefined, plain: { ...plain, waitsFor: { ...waitsFor, signal: 's' } } }],
    [
      'plain.waitsFor.when',
      { workflow: undefined, plain: { ...plain, waitsFor: { ...waitsFor, when: 'yes' } } },
    ],
  ])('of a workflow elsewhere it names %s in %j', (field, given) => {
    expect(() => agentOf('order', given as never)).toThrow(
      expect.objectContaining({ code: 'config', field }),
    );
  });

  it.each([
    { plain: { ...plain, waitsFor } },
    { plain: { ...plain, args: () => [] } },
    { cooperating: plain },
  ])('takes %j', (given) => {
    expect(agentOf('order', { workflow: undefined, ...given } as never)).toMatchObject(given);
  });

  it('takes functions of a result as the README writes them, and of one whose shape is known', () => {
    const about = { code: 'order', name: 'Order', description: 'Prices.', version: '1', skills: [skillOf()] };
    const definitions = [
      defineAgent({
        ...about,
        plain: {
          ...plain,
          args: (message) => [JSON.parse(message.text), 'EUR'],
          result: (result) => [{ data: result }],
        },
      }),
      defineAgent({
        ...about,
        plain: { ...plain, result: (result: { total: number }) => `It costs ${result.total}.` },
      }),
    ];
    expect(definitions.map((each) => typeof each.plain?.result)).toEqual(['function', 'function']);
  });

  it('refuses a field it does not know', () => {
    expect(() => agentOf('echo', { skils: [] } as never)).toThrow(/skils/);
  });
});
