import type { Figures } from '../compare.ts';
import { type Row, row, type Target } from '../report.ts';

const UNITS = { p50: 'ms', p95: 'ms', p99: 'ms', throughput: '/s' } as const;
const FIGURES = ['p50', 'p95', 'p99', 'throughput'] as const;

/** The four figures of one contestant beside the same of each baseline. */
export function figureRows(
  name: string,
  ours: Figures,
  baselines: readonly { name: string; figures: Figures; targets?: Partial<Record<keyof Figures, Target>> }[],
): Row[] {
  return baselines.flatMap((baseline) =>
    FIGURES.map((figure) =>
      row(`${name}, ${figure} | ${baseline.name}`, UNITS[figure], ours[figure], {
        baseline: baseline.figures[figure],
        target: baseline.targets?.[figure],
      }),
    ),
  );
}

export const inShort = (clients: number): string => `${clients} at once`;
