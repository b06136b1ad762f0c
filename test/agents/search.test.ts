import { describe, expect, it } from 'vitest';
import { registryEntry, searchTerms } from '../../src/agents/search.ts';
import { fold, words } from '../../src/agents/words.ts';
import { agentOf, skillOf } from '../support/agents.ts';

describe('fold', () => {
  it.each([
    ['Café', 'cafe'],
    ['STRASSE straße', 'strasse strasse'],
    ['Łódź Ærø', 'lodz aero'],
    ['İstanbul ışık', 'istanbul isik'],
    ['a\0b\ud800c', 'abc'],
    ['한국어', '한국어'],
  ])('%j is %j', (text, expected) => {
    expect(fold(text)).toBe(expected);
  });
});

describe('words', () => {
  it.each([
    ["don't stop", ['don', 't', 'stop']],
    ['expense-approval, Expense!', ['expense', 'approval']],
    ["'; DROP TABLE x; -- & | ! :* <-> \\ %", ['drop', 'table', 'x']],
    ['½ ² ٣', ['1', '2', '٣']],
    ['', []],
  ])('of %j are %j', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('are cut where Postgres could not compare them', () => {
    expect(words('x'.repeat(500))).toEqual(['x'.repeat(60)]);
  });
});

describe('searchTerms', () => {
  const terms = (query: string) => searchTerms(query).map(({ word }) => word);

  it.each([
    ['who can approve my expenses?', ['approve', 'expenses']],
    ["I don't know what's an invoice", ['know', 'invoice']],
    ['The Who', ['the', 'who']],
    ['%', []],
  ])('of %j are %j', (query, expected) => {
    expect(terms(query)).toEqual(expected);
  });

  it('are at most 32', () => {
    expect(terms(Array.from({ length: 100 }, (_, n) => `w${n}`).join(' '))).toHaveLength(32);
  });

  it.each([
    ['ai', 0],
    ['echo', 1],
    ['expense', 2],
    ['2024', 0],
    ['the', 0],
  ])('%s may be wrong in %d letters', (word, slips) => {
    expect(searchTerms(word)).toEqual([{ word, slips }]);
  });
});

describe('registryEntry', () => {
  it('keeps each field’s words apart and the meaningless ones of the name only', () => {
    const entry = registryEntry({
      definition: agentOf('the-one', {
        name: 'The Öne',
        description: 'Does what the others do.',
        skills: [skillOf({ id: 'fly-away', name: 'Fly', description: 'To fly.', tags: ['Air', 'air'] })],
      }),
    });
    expect(entry.words).toEqual({ name: 'the one', description: 'others', skills: 'fly away', tags: 'air' });
    expect(entry).toMatchObject({
      sortName: 'the one',
      skills: ['fly-away', 'fly'],
      tags: ['air'],
      capabilities: ['streaming', 'pushnotifications'],
      provider: 'workflow-agent-host',
    });
  });
});
