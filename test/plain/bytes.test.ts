import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { base64Of } from '../../src/plain/bytes.ts';

test.each([0, 1, 2, 3, 4, 5, 255, 10_000])('base64 of %i bytes is as Node has it', (count) => {
  const bytes = new Uint8Array(randomBytes(count));
  expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'));
});
