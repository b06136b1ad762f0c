import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isConformant, judge, summaryOf } from './verdict.ts';

const notes = await readFile(new URL('./NOTES.md', import.meta.url), 'utf8');
const requirements = JSON.stringify({
  per_requirement: {
    'A-1': { level: 'MUST', test_ids: ['tests/compatibility/core/test_a.py::test_must[A-1-grpc]'] },
    'B-1': { level: 'MAY', test_ids: ['tests/compatibility/core/test_a.py::TestB::test_b'] },
  },
});

const caseOf = (name: string, body = '', of = 'core.test_a') =>
  `<testcase classname="tests.compatibility.${of}" name="${name}" time="0.1"${body ? `>${body}</testcase>` : ' />'}`;
const xfail = (says: string) => `<skipped type="pytest.xfail" message="${says}" />`;
const skip = (says: string) => `<skipped type="pytest.skip" message="${says}">at: line 3</skipped>`;
const judged = (...cases: string[]) =>
  judge({ cases: `<testsuite>${cases.join('')}</testsuite>`, requirements, notes });

test('what passes counts', () => {
  const verdict = judged(caseOf('one'), caseOf('two'));
  expect(verdict).toEqual({ passed: 2, failed: [], unmet: [], skipped: [], unexplained: [] });
  expect(isConformant(verdict)).toBe(true);
});

test('a run without a single case proves nothing', () => {
  expect(isConformant(judged())).toBe(false);
});

test.each([
  [
    'a failed MUST',
    '<failure message="A-1 &quot;is&quot; &lt;bad&gt;&#10;so">trace</failure>',
    'A-1 "is" <bad>\nso',
  ],
  ['a SHOULD, which the kit calls expected', xfail('A-1 is bad'), 'A-1 is bad'],
  ['a test that broke', '<error message="broke">trace</error>', 'broke'],
])('%s fails the run', (_what, body, says) => {
  const verdict = judged(caseOf('good'), caseOf('test_must[A-1-grpc]', body));
  expect(verdict.failed).toEqual([{ test: 'core.test_a.test_must[A-1-grpc]', says }]);
  expect(isConformant(verdict)).toBe(false);
});

test('a MAY that is not met is told and does not fail it', () => {
  const verdict = judged(caseOf('good'), caseOf('test_b', xfail('B-1'), 'core.test_a.TestB'));
  expect(verdict.unmet).toEqual([{ test: 'core.test_a.TestB.test_b', says: 'B-1' }]);
  expect(isConformant(verdict)).toBe(true);
});

test('a skip passes only for a reason in the notes', () => {
  const explained = skip('Transport &apos;grpc&apos; not configured');
  const verdict = judged(
    caseOf('good'),
    caseOf('x', explained),
    caseOf('y', skip('send_message failed: 500')),
  );
  expect(verdict.skipped).toEqual([{ test: 'core.test_a.x', says: "Transport 'grpc' not configured" }]);
  expect(verdict.unexplained).toEqual([{ test: 'core.test_a.y', says: 'send_message failed: 500' }]);
  expect(isConformant(verdict)).toBe(false);
  expect(summaryOf(verdict)).toContain('not explained: core.test_a.y: send_message failed: 500');
});
