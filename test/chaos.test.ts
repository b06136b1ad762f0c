import { describe, expect, it } from 'vitest';
import { type ChaosOptions, type ChaosReport, runChaos } from '../chaos/run.ts';

describe('while everything is killed and stopped', () => {
  const WITHIN_MS = 900_000;

  async function clean(options: ChaosOptions): Promise<ChaosReport> {
    const told: string[] = [];
    const report = await runChaos({ ...options, tell: (line) => told.push(line) });
    const { problems } = report;
    expect({ problems, told: problems.length === 0 ? [] : told }).toEqual({ problems: [], told: [] });
    return report;
  }

  it(
    'nothing is lost or done twice: one of each, each once',
    async () => {
      const one = { hosts: 1, workers: 1, clients: 8, blows: ['kill -9', 'stop'], rounds: 1 } as const;
      const { calls, faults } = await clean({ ...one, seconds: 600, seed: 1 });
      expect(Object.fromEntries(faults)).toEqual({
        'kill -9 host 1': 1,
        'kill -9 worker 1': 1,
        'kill -9 Temporal': 1,
        'kill -9 Postgres': 1,
        'stop host 1': 1,
        'stop worker 1': 1,
        'stop Temporal': 1,
        'stop Postgres': 1,
      });
      const surfaces = new Set([...calls.keys()].map((by) => by.split('-')[0]));
      expect([...surfaces].sort()).toEqual(['a2a', 'gateway', 'invoke']);
    },
    WITHIN_MS,
  );

  it.runIf(process.env.FULL).each([1, 2, 3])(
    'nothing is lost or done twice, for two minutes (seed %i)',
    async (seed) => {
      const { calls } = await clean({ seconds: 120, seed });
      expect(calls.size).toBeGreaterThan(1);
    },
    WITHIN_MS,
  );
});
