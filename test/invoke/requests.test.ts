import { expect, it } from 'vitest';
import { invokeSchema, parse } from '../../src/invoke/requests.ts';

/** As it comes: JSON text. */
const parsed = (more: string) =>
  parse(
    invokeSchema,
    JSON.parse(`{"agentId":"a","message":{"role":"user","parts":[{"text":"x"}]}${more}}`),
    'params',
  );

it('metadata is for the agent, as it is', () => {
  const metadata = { constructor: 1, toString: null, 'a.b': [{ deep: { '': 'x' } }], 'ünïcödé 🙂': '\ud800' };
  expect(parsed(`,"metadata":${JSON.stringify(metadata)}`).metadata).toEqual(metadata);
});

it.each([
  [',"__proto__":1', '__proto__: '],
  [',"metadata":{"__proto__":1}', 'metadata.__proto__: '],
  [',"metadata":{"a":[{"b":{"__proto__":{}}}]}', 'metadata.a[0].b.__proto__: '],
])('a name that would be lost is refused: %s', (more, path) => {
  expect(() => parsed(more)).toThrow(`${path}is no name for a field`);
});
