import { describe, expect, it } from 'vitest';
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

  it('refuses a field it does not know', () => {
    expect(() => agentOf('echo', { skils: [] } as never)).toThrow(/skils/);
  });
});
