import { setTimeout as delay } from 'node:timers/promises';
import { signalFamily } from '../test/support/product.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Shape } from './shape.ts';

type Victim = 'host 1' | 'host 2' | 'worker 1' | 'worker 2' | 'Temporal' | 'Postgres';

interface Fault {
  name: string;
  victim: Victim;
  /** Returns when it is over. */
  strike(): Promise<void>;
}

const DOWN_MS = [200, 4_000] as const;
const STOPPED_MS = [500, 6_000] as const;
const PAUSE_MS = [500, 5_000] as const;

/**
 * Strikes at random until told to stop: each kind of fault once before any comes again, several victims at a time but
 * none twice at once. Returns when every fault is over, with how often each struck.
 */
export async function makeFaults(
  shape: Shape,
  {
    random,
    signal,
    tell,
    ledger,
  }: { random: Random; signal: AbortSignal; tell(line: string): void; ledger: Ledger },
): Promise<Map<string, number>> {
  const kinds = faultsOf(shape, random);
  const struck = new Map<string, number>();
  const busy = new Set<Victim>();
  const open = new Set<Promise<void>>();
  let left: Fault[] = [];
  while (!signal.aborted) {
    if (left.length === 0) left = random.shuffled(kinds);
    const fault = left.shift() as Fault;
    if (busy.has(fault.victim)) left.push(fault);
    else {
      busy.add(fault.victim);
      tell(fault.name);
      const over = fault
        .strike()
        .catch((error: Error) => {
          ledger.problems.push(`${fault.name}: ${error.message}`);
        })
        .finally(() => {
          busy.delete(fault.victim);
          open.delete(over);
        });
      open.add(over);
      struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1);
    }
    await delay(random.between(...PAUSE_MS), undefined, { signal }).catch(() => {});
  }
  await Promise.all(open);
  return struck;
}

function faultsOf({ ground, hosts, workers }: Shape, random: Random): Fault[] {
  const stopped = (pid: () => number) => async () => {
    const given = pid();
    await signalFamily(given, 'SIGSTOP');
    await delay(random.between(...STOPPED_MS));
    await signalFamily(given, 'SIGCONT');
  };
  const away = (kill: () => Promise<void>, revive: () => Promise<void>) => async () => {
    await kill();
    await delay(random.between(...DOWN_MS));
    await revive();
  };
  return [
    ...[...hosts, ...workers].flatMap((member) => {
      const victim = member.name as Victim;
      return [
        { name: `kill -9 ${victim}`, victim, strike: () => member.end('SIGKILL') },
        { name: `restart ${victim}`, victim, strike: () => member.end('SIGTERM') },
        { name: `stop ${victim}`, victim, strike: () => member.pause(random.between(...STOPPED_MS)) },
      ];
    }),
    {
      name: 'kill -9 Temporal',
      victim: 'Temporal',
      strike: away(ground.killTemporal, ground.reviveTemporal),
    },
    { name: 'stop Temporal', victim: 'Temporal', strike: stopped(() => ground.temporalPid) },
    {
      name: 'kill -9 Postgres',
      victim: 'Postgres',
      strike: away(ground.killPostgres, ground.revivePostgres),
    },
    { name: 'stop Postgres', victim: 'Postgres', strike: stopped(() => ground.postgresPid) },
  ];
}
