import { expect, it } from 'vitest';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { acceptedModes, fitted } from '../../src/invoke/output-modes.ts';
import type { Part } from '../../src/tasks/task.ts';

const agentGiving = (...outputModes: string[]) =>
  (outputModes.length === 0 ? {} : { outputModes }) as AgentDefinition;

const text: Part = { text: 'hello' };
const markdown: Part = { text: '# hello', mediaType: 'text/markdown; charset=utf-8' };
const data: Part = { data: { one: 1 }, metadata: { of: 'data' } };
const image: Part = { raw: 'AAAA', mediaType: 'image/png' };
const file: Part = { url: 'https://files.example/x' };
const ALL = [text, markdown, data, image, file];

it.each<[string[], (Part | undefined)[]]>([
  [['*/*'], ALL],
  [
    ['TEXT/Plain'],
    [text, { text: '# hello' }, { text: '{"one":1}', metadata: { of: 'data' } }, undefined, undefined],
  ],
  [['text/*'], [text, markdown, { text: '{"one":1}', metadata: { of: 'data' } }, undefined, undefined]],
  [['application/json; charset=utf-8'], [{ data: 'hello' }, { data: '# hello' }, data, undefined, undefined]],
  [
    ['image/*', 'text/plain'],
    [text, { text: '# hello' }, { text: '{"one":1}', metadata: { of: 'data' } }, image, undefined],
  ],
  [
    ['application/octet-stream', 'application/json'],
    [{ data: 'hello' }, { data: '# hello' }, data, undefined, file],
  ],
])('%j', (modes, expected) => {
  const accepted = acceptedModes(agentGiving(), modes);
  expect(ALL.map((part) => fitted([part], accepted)[0])).toEqual(expected);
});

it('none named: all are taken', () => {
  expect(acceptedModes(agentGiving(), undefined)).toBeUndefined();
  expect(acceptedModes(agentGiving(), [])).toEqual([]);
  for (const modes of [undefined, []]) expect(fitted(ALL, modes)).toEqual(ALL);
});

it.each<[string[], string[], boolean]>([
  [[], ['text/plain'], true],
  [[], ['application/json'], true],
  [[], ['image/png'], false],
  [['image/*'], ['image/png'], true],
  [['image/png'], ['image/*', 'text/plain'], true],
  [['image/png'], ['text/plain'], false],
  [['text/html'], ['text/plain'], true],
  [['application/json'], ['text/plain'], true],
  [['application/pdf'], ['application/json'], false],
])('an agent that gives %j, a caller that takes %j: %s', (given, modes, possible) => {
  const ask = () => acceptedModes(agentGiving(...given), modes);
  if (possible) expect(ask()).toBeDefined();
  else expect(ask).toThrow(/^configuration\.acceptedOutputModes: /);
});

it.each(['', 'text', 'text/', '/plain', 'text plain'])('%j is no media type', (mode) => {
  expect(() => acceptedModes(agentGiving(), ['text/plain', mode])).toThrow(/acceptedOutputModes\[1\]/);
});
