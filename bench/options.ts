import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Servers to run on; embedded ones for what is missing. */
  temporal?: string;
  database?: string;
  /** Where the rows are written as JSON. */
  json?: string;
  /** The one part to run. */
  only?: string;
}

const OPTIONS = ['temporal', 'database', 'json', 'only'] as const;

/**
 * @param more options there are beside those of every measurement.
 * @throws TypeError for an option there is not, or a part there is not.
 */
export function readOptions<More extends string = never>(
  args: string[],
  parts: readonly string[],
  more: readonly More[] = [],
): BenchOptions & Partial<Record<More, string>> {
  const options = Object.fromEntries(
    [...OPTIONS, ...more].map((name) => [name, { type: 'string' as const }]),
  );
  const values = parseArgs({ args, options }).values as BenchOptions & Partial<Record<More, string>>;
  if (values.only !== undefined && !parts.includes(values.only)) {
    throw new TypeError(`--only: there is no part ${values.only}; there are ${parts.join(', ')}`);
  }
  return values;
}
