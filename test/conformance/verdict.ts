/** What came of a run of the compatibility kit, read from its own two reports. Pure. */

/** One case that did not pass. */
interface Remark {
  test: string;
  /** What the kit says of it. */
  says: string;
}

export interface Verdict {
  passed: number;
  /** A MUST or a SHOULD, or a test that names no requirement. */
  failed: Remark[];
  /** A MAY that is not met. */
  unmet: Remark[];
  /** Skipped for a reason that the notes explain. */
  skipped: Remark[];
  /** Skipped for another one: the kit skips what it could not prepare, and that may hide a failure. */
  unexplained: Remark[];
}

export interface Reports {
  /** `junitreport.xml` */
  cases: string;
  /** `compatibility.json` */
  requirements: string;
  /** `NOTES.md`, whose table begins each row with a reason. */
  notes: string;
}

interface Requirement {
  level: 'MUST' | 'SHOULD' | 'MAY';
  test_ids: string[];
}

const CASE = /<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs;
const OUTCOME = /<(failure|error|skipped)\b([^>]*)>/;
const REASON_ROW = /^\| `([^`]+)` \|/gm;

/** @throws SyntaxError when a report is not what the kit writes. */
export function judge({ cases, requirements, notes }: Reports): Verdict {
  const optional = testsOfLevelMay(requirements);
  const explained = [...notes.matchAll(REASON_ROW)].map(([, reason]) => String(reason));
  const verdict: Verdict = { passed: 0, failed: [], unmet: [], skipped: [], unexplained: [] };
  for (const [, path = '', name = '', body = ''] of cases.matchAll(CASE)) {
    const [, kind, attributes = ''] = OUTCOME.exec(body) ?? [];
    const test = `${path.replace('tests.compatibility.', '')}.${plain(name)}`;
    const remark = { test, says: attributeOf(attributes, 'message') };
    if (kind === undefined) verdict.passed += 1;
    else if (kind === 'skipped' && attributeOf(attributes, 'type') !== 'pytest.xfail') {
      const known = explained.some((reason) => remark.says.startsWith(reason));
      (known ? verdict.skipped : verdict.unexplained).push(remark);
    } else (optional.has(`${path}.${plain(name)}`) ? verdict.unmet : verdict.failed).push(remark);
  }
  return verdict;
}

/** As the other report names tests: with dots throughout. */
function testsOfLevelMay(requirements: string): Set<string> {
  const { per_requirement } = JSON.parse(requirements) as { per_requirement: Record<string, Requirement> };
  const optional = Object.values(per_requirement).filter(({ level }) => level === 'MAY');
  return new Set(
    optional.flatMap(({ test_ids }) =>
      test_ids.map((id) => id.replace(/^[^:]*/, dotted).replaceAll('::', '.')),
    ),
  );
}

const dotted = (path: string): string => path.replace(/\.py$/, '').replaceAll('/', '.');

const attributeOf = (attributes: string, name: string): string =>
  plain(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');

const ENTITIES: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };

const plain = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&(quot|apos|lt|gt|amp);/g, (_, name: string) => ENTITIES[name] ?? '');

export const isConformant = ({ passed, failed, unexplained }: Verdict): boolean =>
  passed > 0 && failed.length === 0 && unexplained.length === 0;

/** For a person: the counts, then each case that needs a look. */
export function summaryOf(verdict: Verdict): string {
  const { passed, failed, unmet, skipped, unexplained } = verdict;
  const reasons = new Map<string, number>();
  for (const { says } of skipped) reasons.set(says, (reasons.get(says) ?? 0) + 1);
  return [
    `${passed} passed, ${failed.length} failed, ${unmet.length} optional not met, ` +
      `${skipped.length} skipped, ${unexplained.length} skipped without an explanation`,
    ...failed.map(({ test, says }) => `failed: ${test}: ${says}`),
    ...unmet.map(({ test, says }) => `optional: ${test}: ${says}`),
    ...unexplained.map(({ test, says }) => `not explained: ${test}: ${says}`),
    ...[...reasons].map(([reason, count]) => `skipped ${count}: ${reason}`),
    isConformant(verdict) ? 'Conformant.' : 'Not conformant.',
  ].join('\n');
}
