import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { countSections, readDocuments } from '../../workflows/document-digest/activities.ts';
import { LARGEST, readPart, split } from '../../workflows/document-digest/document.ts';
import { countSection, keywords, outline, total } from '../../workflows/document-digest/words.ts';

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');

describe('a part', () => {
  test.each([
    [{ text: 'plain' }, 'text'],
    [{ text: '# Title\nwords' }, 'markdown'],
    [{ data: { a: 1 } }, 'json'],
    [{ raw: base64('a,b'), mediaType: 'text/csv' }, 'csv'],
    [{ raw: base64('a'), filename: 'a.MD', mediaType: 'text/plain' }, 'markdown'],
    [{ raw: base64('a'), mediaType: 'text/html; charset=utf-8' }, 'text'],
  ])('%j is read', (part, kind) => {
    expect(readPart(part)).toMatchObject({ kind });
  });

  test.each([
    [{ url: 'https://example.com/a.txt' }, /do not fetch/],
    [{ raw: 'AAAA', filename: 'a.png', mediaType: 'image/png' }, /image\/png is not for me/],
    [{ raw: 'AAAA' }, /unknown type/],
    [{ raw: base64(new Uint8Array([0xff, 0xfe])), filename: 'a.txt' }, /no UTF-8/],
  ])('%j is refused', (part, problem) => {
    expect(readPart(part)).toEqual({ problem: expect.stringMatching(problem) });
  });

  test('a document above the limit is refused', async () => {
    expect(await readDocuments([{ text: 'a'.repeat(LARGEST) }, { text: 'b' }])).toEqual({
      problem: 'That is more than 512 kB: send a smaller document.',
    });
  });
});

describe('the sections', () => {
  const titles = (kind: 'text' | 'markdown' | 'csv' | 'json', text: string) =>
    split({ name: 'doc', kind, text }).map(({ title, level }) => `${level} ${title}`);

  test('of Markdown are its headings, but not those in code', () => {
    expect(titles('markdown', 'intro\n# One\n```\n# no heading\n```\n## Two ##\ntext\r\n# Three')).toEqual([
      '1 doc',
      '1 One',
      '2 Two',
      '1 Three',
    ]);
  });
  test('of text are paragraphs of about 150 words', () => {
    const paragraph = `${'word '.repeat(99)}end.`;
    expect(split({ name: 'doc', kind: 'text', text: Array(5).fill(paragraph).join('\n\n') })).toHaveLength(3);
    expect(titles('text', 'One sentence. Another.')).toEqual(['1 One sentence.']);
  });
  test('of CSV are its columns and rows', () => {
    const rows = Array.from({ length: 60 }, (_, at) => `${at},x`);
    expect(titles('csv', ['id,name', ...rows].join('\n'))).toEqual([
      '1 Columns: id,name',
      '2 Rows 1 to 50',
      '2 Rows 51 to 60',
    ]);
  });
  test('of JSON are its keys or items', () => {
    expect(titles('json', '{"a":[1,2],"b":{"c":null}}')).toEqual(['1 a (list of 2)', '1 b (c)']);
    expect(titles('json', '[1,2,3]')).toEqual(['1 Items 1 to 3 (list of 3)']);
    expect(titles('json', '{"broken')).toEqual(['1 {"broken']);
  });
  test.each(['text', 'markdown', 'csv'] as const)('of an empty %s are none', (kind) => {
    expect(titles(kind, ' \n ')).toEqual([]);
  });
});

test('words, sentences and terms are counted', () => {
  expect(countSection({ text: 'The dog’s ball. The constructor of 2 balls!' })).toEqual({
    words: 8,
    sentences: 2,
    characters: 43,
    terms: { dog: 1, ball: 1, constructor: 1, balls: 1 },
  });
  expect(total([countSection({ text: 'a b' }), countSection({ text: 'c' })])).toEqual({
    words: 3,
    sentences: 2,
    characters: 4,
  });
});

test('a keyword spread over sections goes before one of a single section', () => {
  const counts = ['tea tea coffee', 'coffee', 'zebra'].map((text) => countSection({ text }));
  expect(keywords(counts, 2).map(({ word }) => word)).toEqual(['coffee', 'tea']);
});

test('the outline is indented from its highest heading', () => {
  expect(
    outline([
      { title: 'A', level: 2 },
      { title: 'B', level: 3 },
    ]),
  ).toBe('- A\n  - B');
});

describe('a batch of sections', () => {
  const batch = ['one', 'two words', 'three more words'].map((text) => ({ title: text, level: 1, text }));
  const wordsOf = (counts: { words: number }[]) => counts.map(({ words }) => words);

  test('reports each one as it is counted', async () => {
    const beats: number[] = [];
    const env = new MockActivityEnvironment();
    env.on('heartbeat', (counts: unknown[]) => beats.push(counts.length));
    expect(wordsOf(await env.run(countSections, batch, 0))).toEqual([1, 2, 3]);
    expect(beats).toEqual([1, 2, 3]);
  });

  test('goes on behind what an attempt before it reported', async () => {
    const done = [{ words: 100, sentences: 1, characters: 1, terms: {} }];
    const env = new MockActivityEnvironment({ heartbeatDetails: done, attempt: 2 });
    expect(wordsOf(await env.run(countSections, batch, 0))).toEqual([100, 2, 3]);
  });
});
