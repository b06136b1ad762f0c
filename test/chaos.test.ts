import { describe, expect, it } from 'vitest';
import { runChaos } from '../chaos/run.ts';

describe.runIf(process.env.FULL)('while everything is killed and stopped', () => {
  it.each([1, 2, 3])(
    'nothing is lost or done twice (seed %i)',
    async (seed) => {
      const told: string[] = [];
      const { problems, calls } = await runChaos({ seconds: 120, seed, tell: (line) => told.push(line) });
      expect({ problems, told: problems.length === 0 ? [] : told }).toEqual({ problems: [], told: [] });
      expect(calls.size).toBeGreaterThan(1);
    },
    600_000,
  );
});
