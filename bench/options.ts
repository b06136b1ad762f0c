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

/** @throws TypeError for an option there is not, or a part there is not. */
export function readOptions(args: string[], parts: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      temporal: { type: 'string' },
      database: { type: 'string' },
      json: { type: 'string' },
      only: { type: 'string' },
    },
  });
  if (values.only !== undefined && !parts.includes(values.only)) {
    throw new TypeError(`--only: there is no part ${values.only}; there are ${parts.join(', ')}`);
  }
  return values;
}
