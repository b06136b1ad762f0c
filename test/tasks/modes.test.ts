import { expect, test } from 'vitest';
import { checkInputModes } from '../../src/tasks/modes.ts';
import type { Part } from '../../src/tasks/task.ts';
import { agentOf } from '../support/agents.ts';
import { userMessageOf } from '../support/tasks.ts';

const plain = agentOf('plain');
const images = agentOf('images', { inputModes: ['image/*', 'application/pdf'] });

const CASES: [agent: typeof plain, part: Part, taken: boolean][] = [
  [plain, { text: 'a' }, true],
  [plain, { raw: 'AA==' }, true],
  [plain, { text: 'a', mediaType: 'text/plain' }, true],
  [plain, { text: 'a', mediaType: 'TEXT/Plain; charset=utf-8' }, true],
  [plain, { text: '# a', mediaType: 'text/markdown' }, true],
  [plain, { data: 1, mediaType: 'application/json' }, true],
  [plain, { raw: 'AA==', mediaType: 'text/csv' }, false],
  [plain, { raw: 'AA==', mediaType: 'image/png' }, false],
  [plain, { text: 'a', mediaType: 'application/xml' }, false],
  [images, { raw: 'AA==', mediaType: 'image/png' }, true],
  [images, { url: 'https://x/a', mediaType: 'application/pdf' }, true],
  [images, { raw: 'AA==', mediaType: 'imagery/png' }, false],
  [images, { text: 'a', mediaType: 'text/plain' }, false],
  [images, { raw: 'AA==', mediaType: '' }, false],
  [agentOf('all', { inputModes: ['*/*'] }), { raw: 'AA==', mediaType: 'x/y' }, true],
];

test.each(CASES)('$code takes %j: %s (§3.3.2)', (agent, part, taken) => {
  const check = () => checkInputModes(agent, userMessageOf('', { parts: [{ text: 'first' }, part] }));
  if (taken) expect(check).not.toThrow();
  else {
    expect(check).toThrow(
      expect.objectContaining({ code: 'content_type_not_supported', field: 'message.parts[1].mediaType' }),
    );
  }
});

test('the refusal says what is taken', () => {
  const message = userMessageOf('', { parts: [{ raw: 'AA==', mediaType: 'a/b' }] });
  expect(() => checkInputModes(images, message)).toThrow(
    'message.parts[0].mediaType: a/b is not taken, only image/*, application/pdf',
  );
});
