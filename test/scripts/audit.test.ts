import { expect, it } from 'vitest';
import { type Exception, judge } from '../../scripts/audit.ts';

const DAY = '2026-11-22';

const advisory = (id: string, severity: string, name = 'left-pad') => ({
  source: 1,
  name,
  dependency: name,
  title: 'Pads too much',
  url: `https://github.com/advisories/${id}`,
  severity,
  cwe: [],
  range: '<1.3.0',
});
/** As npm writes it: of what depends on it the names. */
const reportOf = (...via: object[]) => ({
  auditReportVersion: 2,
  vulnerabilities: {
    'left-pad': { name: 'left-pad', severity: 'high', via, effects: ['padder'], nodes: [] },
    padder: { name: 'padder', severity: 'high', via: ['left-pad'], effects: [], nodes: [] },
  },
  metadata: { vulnerabilities: { high: 2 } },
});
const exception: Exception = {
  advisory: 'GHSA-aaaa-bbbb-cccc',
  package: 'left-pad',
  reason: 'only ever pads what the host has written itself',
  until: '2026-12-31',
};
const high = advisory('GHSA-aaaa-bbbb-cccc', 'high');

it.each<[string, unknown, Exception[], boolean, RegExp]>([
  ['nothing found', reportOf(), [], false, /^no advisory/],
  ['a moderate one', reportOf(advisory('GHSA-x', 'moderate')), [], false, /^no advisory/],
  ['a high one', reportOf(high), [], true, /^high: left-pad <1\.3\.0: .*GHSA-aaaa-bbbb-cccc$/],
  ['a critical one', reportOf(advisory('GHSA-x', 'critical')), [exception], true, /^critical: /],
  ['one that is taken', reportOf(high), [exception], false, /^taken until 2026-12-31, only ever pads/],
  ['on its last day', reportOf(high), [{ ...exception, until: DAY }], false, /^taken until/],
  ['a day later', reportOf(high), [{ ...exception, until: '2026-11-21' }], true, /which is over: high: /],
  ['taken for another package', reportOf(high), [{ ...exception, package: 'right-pad' }], true, /^high: /],
  ['taken and gone', reportOf(), [exception], false, /^no longer needed: .*GHSA-aaaa-bbbb-cccc$/],
  ['no endpoint', { message: '405 Method Not Allowed', error: {} }, [], false, /^not audited: .*\(405 /],
  ['no report', { hello: 1 }, [], true, /not known$/],
  ['no JSON', undefined, [], true, /not known$/],
])('%s', (_what, report, exceptions, failed, line) => {
  const verdict = judge(report, exceptions, DAY);
  expect(verdict.failed).toBe(failed);
  expect(verdict.lines[0]).toMatch(line);
});

it('tells each once, however many depend on it', () => {
  expect(judge(reportOf(high, high), [], DAY).lines).toHaveLength(1);
});
