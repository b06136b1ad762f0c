import { writeFile } from 'node:fs/promises';

/** One line of the table. */
export interface Row {
  name: string;
  /** Empty for a number of things. */
  unit: 'ms' | 's' | '/s' | 'KB' | 'MB' | '';
  ours: number;
  /** What the same costs without the product, on the same servers in the same minute. */
  baseline: number | null;
  ratio: number | null;
  target: string | null;
  met: boolean | null;
}

/** What a row must reach: of the ratio to the baseline, or of the figure itself. */
export interface Target {
  of: 'ratio' | 'ours';
  atMost?: number;
  atLeast?: number;
}

export function row(
  name: string,
  unit: Row['unit'],
  ours: number,
  { baseline, target }: { baseline?: number | undefined; target?: Target | undefined } = {},
): Row {
  const ratio = baseline === undefined || baseline === 0 ? null : ours / baseline;
  return {
    name,
    unit,
    ours: rounded(ours),
    baseline: baseline === undefined ? null : rounded(baseline),
    ratio: ratio === null ? null : rounded(ratio),
    target: target === undefined ? null : describe(target, unit),
    met: target === undefined ? null : isMet(target, target.of === 'ratio' ? ratio : ours),
  };
}

function describe({ of, atMost, atLeast }: Target, unit: string): string {
  const limit = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  return of === 'ratio' ? `${limit} of it` : `${limit} ${unit}`;
}

function isMet({ atMost, atLeast }: Target, value: number | null): boolean {
  return value !== null && value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
}

const rounded = (value: number): number => Number(value.toPrecision(value >= 1_000 ? 4 : 3));

const HEAD = ['row', 'ours', 'baseline', 'ratio', 'target', 'met'];

export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ name, unit, ours, baseline, ratio, target, met }) => [
    name,
    `${ours} ${unit}`.trimEnd(),
    baseline === null ? '' : `${baseline} ${unit}`.trimEnd(),
    ratio === null ? '' : String(ratio),
    target ?? '',
    met === null ? '' : met ? 'yes' : 'NO',
  ]);
  const lines = [HEAD, ...cells];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

export const writeJson = (file: string, rows: readonly Row[]): Promise<void> =>
  writeFile(file, `${JSON.stringify(rows, null, 2)}\n`);
