import { performance } from 'node:perf_hooks';

/** What one contestant did in one slice of time. */
export interface Slice {
  /** Of each request, ms. */
  latencies: Float64Array;
  seconds: number;
}

/** So many clients, each asking again as soon as it is answered, until the time is over. */
export async function closedLoop(
  { clients, ms }: { clients: number; ms: number },
  request: (client: number, turn: number) => Promise<void>,
): Promise<Slice> {
  const latencies: number[] = [];
  const begin = performance.now();
  const end = begin + ms;
  const client = async (index: number) => {
    for (let turn = 0; ; turn++) {
      const asked = performance.now();
      if (asked >= end) return;
      await request(index, turn);
      latencies.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return { latencies: Float64Array.from(latencies), seconds: (performance.now() - begin) / 1_000 };
}
