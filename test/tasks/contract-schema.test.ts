import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
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
  [{ ...report, applied: ['a\0'] }, /^applied\.0: is not well-formed text/],
])('%j is refused, naming the field', (given, problem) => {
  expect(readReport(given)).toEqual({ problem: expect.stringMatching(problem) });
});

const { $defs: defs, ...shown } = JSON.parse(
  readFileSync(new URL('../../contract/report.schema.json', import.meta.url), 'utf8'),
);
const fits = new Ajv2020({ strict: false }).compile({ ...shown, $defs: defs });

test.each([
  [{ text: 'a' }, undefined],
  [{ data: null }, undefined],
  [{ raw: 'aGk=', filename: 'a' }, undefined],
  [{ raw: 'aGk' }, undefined],
  [{ raw: '' }, undefined],
  [{ file: { id: 'a', size: 1 } }, undefined],
  [{}, ': must have exactly one of text, data, url, raw and file'],
  [{ text: 'a', data: 1 }, ': must have exactly one of text, data, url, raw and file'],
  [{ url: 'a', raw: '' }, ': must have exactly one of text, data, url, raw and file'],
  [{ raw: '!!notb64' }, '.raw: is not base64'],
  [{ raw: 'a=b=' }, '.raw: is not base64'],
])('a part %j: the page’s schema and the host’s checks agree', (part, problem) => {
  const places = {
    'status.message.parts.0': { status: { state: 'working', message: { ...message, parts: [part] } } },
    'messages.0.parts.0': { messages: [{ ...message, parts: [part] }] },
    'artifacts.0.parts.0': { artifacts: [{ artifactId: 'a', parts: [part] }] },
  };
  for (const [place, given] of Object.entries(places)) {
    const whole = { ...report, ...given };
    expect(fits(whole), place).toBe(problem === undefined);
    const read = readReport(whole);
    if (problem === undefined) expect(read).toMatchObject({ report: given });
    else expect(read).toEqual({ problem: place + problem });
  }
});

test.each(['a', 'aaaaa', 'aGk==', 'a==='])('raw %j is of no length that bytes have', (raw) => {
  const messages = [{ ...message, parts: [{ raw }] }];
  expect(readReport({ ...report, messages })).toEqual({ problem: 'messages.0.parts.0.raw: is not base64' });
});
