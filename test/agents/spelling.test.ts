import { describe, expect, it } from 'vitest';
import { lettersOf, slipsIn, spellingsOf } from '../../src/agents/spelling.ts';

describe('spellingsOf', () => {
  const alike = (one: string, other: string) =>
    spellingsOf(one).some((spelling) => spellingsOf(other).includes(spelling));

  it.each([
    ['ehco', 'echo'],
    ['ech', 'echo'],
    ['echoo', 'echo'],
    ['refnud', 'refund'],
    ['aprovl', 'approval'],
    ['xxapproval', 'approval'],
    ['approvalxx', 'approval'],
    ['fotograph', 'photograph'],
    ['reconcilatoin', 'reconciliation'],
    ['expens', 'expe'],
    ['𝒜bcdef', 'abcdef'],
  ])('of %s and %s have one in common', (one, other) => {
    expect(alike(one, other)).toBe(true);
  });

  it.each([
    ['echo', 'order'],
    ['approval', 'forecast'],
    ['2024', '2025'],
    ['ai', 'a'],
  ])('of %s and %s have none in common', (one, other) => {
    expect(alike(one, other)).toBe(false);
  });

  it('are few, however long the word', () => {
    expect(spellingsOf('x'.repeat(60)).length).toBeLessThanOrEqual(29);
    expect(spellingsOf('abcdefghijklmnopqrstuvwxyz')).toHaveLength(29);
  });
});

it.each([
  ['ai', 0],
  ['echo', 1],
  ['expense', 2],
  ['2024', 0],
])('%s may be wrong in %d letters', (word, slips) => {
  expect(slipsIn(word)).toBe(slips);
});

it('letters are the same for two that are swapped', () => {
  expect(lettersOf('ehco')).toBe(lettersOf('echo'));
});
