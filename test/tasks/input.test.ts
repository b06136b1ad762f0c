import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkInput } from '../../src/tasks/input.ts';
import type { Part } from '../../src/tasks/task.ts';
import { agentOf } from '../support/agents.ts';
import { userMessageOf } from '../support/tasks.ts';

const expense = agentOf('expense', {
  input: z.object({
    amount: z.number().positive(),
    items: z.array(z.object({ name: z.string() })).optional(),
  }),
});
const free = agentOf('free');

const TAKEN: [what: string, agent: typeof expense, parts: Part[]][] = [
  ['any data where the agent declares no input', free, [{ data: 'anything' }]],
  ['data that fits', expense, [{ data: { amount: 1 } }]],
  ['data that fits, after text', expense, [{ text: 'please' }, { data: { amount: 1 } }]],
  ['text alone: the workflow may ask for what is missing', expense, [{ text: 'lunch for two' }]],
  ['a second data part, whatever it holds', expense, [{ data: { amount: 1 } }, { data: 'a note' }]],
  ['a field that the schema does not know', expense, [{ data: { amount: 1, note: 'x' } }]],
];

test.each(TAKEN)('taken: %s', (_what, agent, parts) => {
  expect(() => checkInput(agent, userMessageOf('', { parts }))).not.toThrow();
});

const REFUSED: [what: string, parts: Part[], field: string][] = [
  ['a missing field', [{ data: {} }], 'message.parts[0].data.amount'],
  ['a field of another type', [{ text: '' }, { data: { amount: '1' } }], 'message.parts[1].data.amount'],
  ['a value out of range', [{ data: { amount: 0 } }], 'message.parts[0].data.amount'],
  [
    'a field inside a list',
    [{ data: { amount: 1, items: [{ name: 1 }] } }],
    'message.parts[0].data.items.0.name',
  ],
  ['no object at all', [{ data: [] }], 'message.parts[0].data'],
  ['null', [{ data: null }], 'message.parts[0].data'],
];

test.each(REFUSED)('refused, naming the field inside the part: %s', (_what, parts, field) => {
  expect(() => checkInput(expense, userMessageOf('', { parts }))).toThrow(
    expect.objectContaining({ code: 'invalid_params', field }),
  );
});
