import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { agentTool, answerParts, partsOf } from '../../src/mcp/tools.ts';
import { agentOf } from '../support/agents.ts';

const published = (input?: z.ZodType) => {
  const [only] = new AgentCatalog([agentOf('probe', { ...(input && { input }) })]).all();
  if (only === undefined) throw new Error('nothing is published');
  return only;
};
const plain = published();
const sku = z.object({ sku: z.string() });
const own = published(z.object({ message: z.string() }));
const list = published(z.array(z.number()));

describe('the arguments of a tool', () => {
  it.each([
    ['words, where no input is declared', plain, ['message'], ['message']],
    ['the fields of the input, and words beside them', published(sku), ['message', 'sku'], ['sku']],
    ['a field of the input keeps its name', own, ['message'], ['message']],
    ['data that is no object is an argument', list, ['data', 'message'], undefined],
  ])('%s', (_what, agent, properties, required) => {
    const { inputSchema } = agentTool(agent);
    expect(inputSchema.type).toBe('object');
    expect(Object.keys(inputSchema.properties ?? {}).sort()).toEqual(properties);
    expect(inputSchema.required).toEqual(required);
  });

  it.each([
    ['words', plain, { message: 'hello' }, [{ text: 'hello' }]],
    ['data', published(sku), { sku: 'A1' }, [{ data: { sku: 'A1' } }]],
    ['both', published(sku), { sku: 'A1', message: 'soon' }, [{ text: 'soon' }, { data: { sku: 'A1' } }]],
    ['words alone', published(sku), { message: 'an A1' }, [{ text: 'an A1' }]],
    ['nothing, which the input may take', published(sku), {}, [{ data: {} }]],
    ['a field called message', own, { message: 'x' }, [{ data: { message: 'x' } }]],
    ['a list', list, { data: [1, 2] }, [{ data: [1, 2] }]],
  ])('are a message: %s', (_what, agent, given, parts) => {
    expect(partsOf(agent, given)).toEqual(parts);
  });

  it('are refused by name', () => {
    expect(() => partsOf(plain, {})).toThrow('message: is required');
    expect(() => partsOf(plain, { message: 7 })).toThrow('message: must be a string');
    expect(() => partsOf(list, {})).toThrow('message: is required');
    expect(() => answerParts({ answer: 7 })).toThrow('answer: must be a string');
    expect(answerParts({})).toEqual([]);
  });
});
