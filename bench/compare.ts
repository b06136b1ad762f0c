import type { Slice } from './load/closed-loop.ts';
import { median, percentile } from './statistics.ts';

export interface Contestant {
  name: string;
  run(clients: number, ms: number): Promise<Slice>;
}

export interface Figures {
  p50: number;
  p95: number;
  p99: number;
  throughput: number;
}

const ROUNDS = 3;

/**
 * Lets each run in turn, again and again, so that whatever else the machine does meets all of them alike.
 * A figure is the median of the rounds.
 */
export async function compare(
  contestants: readonly Contestant[],
  { clients, ms, rounds: times = ROUNDS }: { clients: number; ms: number; rounds?: number },
): Promise<Map<string, Figures>> {
  const rounds = new Map(contestants.map(({ name }) => [name, [] as Figures[]]));
  for (const { run } of contestants) await run(clients, Math.min(ms, 750));
  for (let round = 0; round < times; round++) {
    const first = round % contestants.length;
    for (const { name, run } of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      rounds.get(name)?.push(figures(await run(clients, ms)));
    }
  }
  return new Map([...rounds].map(([name, each]) => [name, middle(each)]));
}

function figures({ latencies, seconds }: Slice): Figures {
  const sorted = latencies.toSorted();
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    throughput: latencies.length / seconds,
  };
}

const middle = (rounds: readonly Figures[]): Figures => ({
  p50: median(rounds.map(({ p50 }) => p50)),
  p95: median(rounds.map(({ p95 }) => p95)),
  p99: median(rounds.map(({ p99 }) => p99)),
  throughput: median(rounds.map(({ throughput }) => throughput)),
});
