import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { agentOf } from '../support/agents.ts';

describe('AgentCatalog', () => {
  it('finds an agent by its code and nothing else', () => {
    const catalog = new AgentCatalog([agentOf('echo'), agentOf('trip-planner')]);
    expect(catalog.get('echo')?.definition.code).toBe('echo');
    expect(catalog.get('constructor')).toBeUndefined();
    expect(catalog.all().map(({ definition }) => definition.code)).toEqual(['echo', 'trip-planner']);
  });

  it('shows the input as a client has to send it', () => {
    const input = z.object({ amount: z.number().positive(), currency: z.string().default('EUR') });
    const agent = new AgentCatalog([agentOf('expense', { input })]).get('expense');
    expect(agent?.inputSchema).toMatchObject({
      type: 'object',
      properties: { amount: { type: 'number', exclusiveMinimum: 0 }, currency: { default: 'EUR' } },
      required: ['amount'],
    });
  });

  it('names the agent whose input has no JSON Schema', () => {
    const definition = agentOf('expense', { input: z.object({ when: z.date() }) });
    expect(() => new AgentCatalog([definition])).toThrow(/"expense": input:/);
  });

  it('has a version that follows what is published, not its order', () => {
    const version = (...codes: string[]) => new AgentCatalog(codes.map((code) => agentOf(code))).version();
    expect(version('a', 'b')).toBe(version('b', 'a'));
    expect(version('a', 'b')).not.toBe(version('a'));
    const withInput = new AgentCatalog([agentOf('a', { input: z.object({}) })]);
    expect(withInput.version()).not.toBe(version('a'));
  });
});
