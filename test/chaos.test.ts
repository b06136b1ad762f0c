import { expect, it } from 'vitest';
import { runChaos } from '../chaos/run.ts';

// A moment of `npm run chaos`; minutes of it in the full suite.
const RUNS = process.env.FULL ? { seconds: 120, seeds: [1, 2, 3] } : { seconds: 12, seeds: [1] };

it.each(RUNS.seeds)(
  'nothing is lost or done twice while everything is killed and stopped (seed %i)',
  async (seed) => {
    const told: string[] = [];
    const { problems, calls } = await runChaos({
      seconds: RUNS.seconds,
      seed,
      tell: (line) => told.push(line),
    });
    expect({ problems, told: problems.length === 0 ? [] : told }).toEqual({ problems: [], told: [] });
    expect(calls.size).toBeGreaterThan(1);
  },
  600_000,
);
