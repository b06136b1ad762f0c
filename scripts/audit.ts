/**
 * `npm run audit`: what the registry knows against the packages that are installed with this one. Advisories of high or
 * critical severity fail it, unless scripts/audit-exceptions.json takes one for a reason and a time. A registry that
 * answers no audits is told in one line, and fails nothing.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const EXCEPTIONS = new URL('audit-exceptions.json', import.meta.url);

const exceptionsSchema = z.array(
  z.strictObject({
    /** As in the advisory's URL: `GHSA-…`. */
    advisory: z.string().min(1),
    package: z.string().min(1),
    /** Why it does no harm here. */
    reason: z.string().min(20),
    /** The last day on which it is taken. */
    until: z.iso.date(),
  }),
);

export type Exception = z.output<typeof exceptionsSchema>[number];

const advisorySchema = z.object({
  name: z.string(),
  title: z.string(),
  url: z.string(),
  severity: z.string(),
  range: z.string(),
});

/** npm's report; of one that could not be made `message` says why. */
const reportSchema = z.union([
  z.object({
    vulnerabilities: z.record(z.string(), z.object({ via: z.array(z.union([z.string(), advisorySchema])) })),
  }),
  z.object({ message: z.string() }),
]);

export interface Verdict {
  failed: boolean;
  /** What is to be told, a line each. */
  lines: string[];
}

const FAILS: ReadonlySet<string> = new Set(['high', 'critical']);

/**
 * What follows from npm's report on a day.
 * @param day as ISO 8601 writes it.
 */
export function judge(given: unknown, exceptions: readonly Exception[], day: string): Verdict {
  const report = reportSchema.safeParse(given).data;
  if (report === undefined) return { failed: true, lines: ['npm has made a report that is not known'] };
  if ('message' in report)
    return { failed: false, lines: [`not audited: the registry answers no audits (${report.message})`] };
  const advisories = Object.values(report.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((cause) => typeof cause !== 'string')
    .filter(({ severity }) => FAILS.has(severity));
  const told = new Map(advisories.map((advisory) => [`${advisory.name} ${advisory.url}`, advisory]));
  const used = new Set<Exception>();
  let failed = false;
  const lines = [...told.values()].map((advisory) => {
    const { name, range, severity, title, url } = advisory;
    const said = `${severity}: ${name} ${range}: ${title}, ${url}`;
    const exception = exceptions.find(
      (each) => each.package === name && url.toLowerCase().endsWith(`/${each.advisory.toLowerCase()}`),
    );
    if (exception !== undefined) used.add(exception);
    if (exception !== undefined && day <= exception.until)
      return `taken until ${exception.until}, ${exception.reason}: ${said}`;
    failed = true;
    return exception === undefined ? said : `taken until ${exception.until}, which is over: ${said}`;
  });
  for (const exception of exceptions)
    if (!used.has(exception)) lines.push(`no longer needed: the exception for ${exception.advisory}`);
  return { failed, lines: lines.length === 0 ? ['no advisory of high or critical severity'] : lines };
}

/** npm's own report, of what a user installs; it ends with 1 where it has found something. */
function npmAudit(): Promise<unknown> {
  const args = ['audit', '--json', '--omit=dev', '--fetch-retries=1', '--fetch-timeout=20000'];
  return new Promise((resolve) => {
    execFile('npm', args, { maxBuffer: 64_000_000, timeout: 120_000 }, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        resolve({ message: error?.killed ? 'nothing came in two minutes' : 'npm has said nothing' });
      }
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const exceptions = exceptionsSchema.parse(JSON.parse(readFileSync(EXCEPTIONS, 'utf8')));
  const { failed, lines } = judge(await npmAudit(), exceptions, new Date().toISOString().slice(0, 10));
  console.log(lines.join('\n'));
  process.exitCode = failed ? 1 : 0;
}
