import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { contractFiles } from '../../scripts/contract-schemas.ts';
import { readReport } from '../../src/tasks/contract-schema.ts';

const report = { taskId: 't', runId: 'r', sequence: 1 };
const message = { messageId: 'm', role: 'agent', parts: [{ text: 'Sure?' }] };

test('contract/ shows the schemas that the host reads by', () => {
  for (const [path, text] of Object.entries(contractFiles())) {
    const shown = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    expect(JSON.parse(shown), path).toEqual(JSON.parse(text));
  }
});

test('a report may leave out what is empty, or say null', () => {
  const read = { report: { ...report, artifacts: [], messages: [], applied: [] } };
  expect(readReport(report)).toEqual(read);
  expect(readReport({ ...report, artifacts: null, messages: null, applied: null })).toEqual(read);
});

test('a whole report is taken as it is', () => {
  const whole = {
    ...report,
    status: { state: 'input-required', message },
    artifacts: [{ artifactId: 'a', parts: [{ data: { x: [null, 1] } }] }],
    messages: [message],
    applied: ['x'],
  };
  expect(readReport(whole)).toEqual({ report: whole });
});

test.each([
  [{}, /^taskId: /],
  [{ ...report, sequence: 0 }, /^sequence: /],
  [{ ...report, status: { state: 'done' } }, /^status\.state: /],
  [{ ...report, status: { state: 'failed', text: 'x' } }, /text/],
  [{ ...report, artifacts: [{ name: 'a', parts: [{ text: 'x' }] }] }, /^artifacts\.0\.artifactId: /],
  [{ ...report, artifact: [] }, /artifact/],
])('%j is refused, naming the field', (given, problem) => {
  expect(readReport(given)).toEqual({ problem: expect.stringMatching(problem) });
});
