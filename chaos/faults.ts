import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../cluster/member.ts';
import { signalFamily } from '../test/support/product.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Shape } from './shape.ts';

/** How something is struck. */
export type Blow = 'kill -9' | 'stop' | 'restart';

export const BLOWS: readonly Blow[] = ['kill -9', 'stop', 'restart'];

interface Fault {
  blow: Blow;
  victim: string;
  /** Returns when it is over, and the victim is up again. */
  strike(): Promise<void>;
}

const DOWN_MS = [200, 4_000] as const;
const STOPPED_MS = [500, 6_000] as const;
const PAUSE_MS = [500, 5_000] as const;
/** Victims at a time: with more, what starts again has nothing left to start on. */
const AT_ONCE = 3;

export interface FaultOptions {
  random: Random;
  blows: readonly Blow[];
  /** No new one once it is aborted. */
  signal: AbortSignal;
  /** How often each comes at most; without end when absent. */
  rounds?: number | undefined;
  tell(line: string): void;
  ledger: Ledger;
}

/**
 * Strikes at random until told to stop: each kind of fault once before any comes again, several victims at a time but
 * none twice at once. Returns when every fault is over, with how often each struck.
 */
export async function makeFaults(shape: Shape, options: FaultOptions): Promise<Map<string, number>> {
  const { random, blows, signal, rounds = Number.POSITIVE_INFINITY, tell, ledger } = options;
  const kinds = faultsOf(shape, random, ledger).filter(({ blow }) => blows.includes(blow));
  const struck = new Map<string, number>();
  const busy = new Map<string, Promise<void>>();
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const left = random.shuffled(kinds);
    while (left.length > 0 && !signal.aborted) {
      const next = left.findIndex(({ victim }) => !busy.has(victim));
      if (next === -1 || busy.size >= AT_ONCE) {
        await Promise.race(busy.values());
        continue;
      }
      const { blow, victim, strike } = left.splice(next, 1)[0] as Fault;
      const name = `${blow} ${victim}`;
      tell(name);
      struck.set(name, (struck.get(name) ?? 0) + 1);
      const over = strike()
        .catch((error: Error) => {
          ledger.problems.push(`${name}: ${error.message}`);
        })
        .finally(() => busy.delete(victim));
      busy.set(victim, over);
      await delay(random.between(...PAUSE_MS), undefined, { signal }).catch(() => {});
    }
  }
  await Promise.all(busy.values());
  return struck;
}

function faultsOf({ ground, hosts, workers }: Shape, random: Random, ledger: Ledger): Fault[] {
  const ofMember = (member: Member): Fault[] => {
    const victim = member.name;
    const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
      await member.end(signal);
      await member.up();
    };
    return [
      { blow: 'kill -9', victim, strike: () => end('SIGKILL') },
      { blow: 'stop', victim, strike: () => member.pause(random.between(...STOPPED_MS)) },
      { blow: 'restart', victim, strike: () => ledger.inGoodOrder(end('SIGTERM')) },
    ];
  };
  const ofServer = (victim: string, server: Server): Fault[] => {
    const away = async (how: Parameters<Server['end']>[0]) => {
      await server.end(how);
      await delay(random.between(...DOWN_MS));
      await server.revive();
    };
    const stop = async () => {
      const pid = server.pid();
      await signalFamily(pid, 'SIGSTOP');
      await delay(random.between(...STOPPED_MS));
      await signalFamily(pid, 'SIGCONT');
    };
    return [
      { blow: 'kill -9', victim, strike: () => away('SIGKILL') },
      { blow: 'stop', victim, strike: stop },
      { blow: 'restart', victim, strike: () => away('in good order') },
    ];
  };
  const temporal = { end: ground.killTemporal, revive: ground.reviveTemporal, pid: () => ground.temporalPid };
  const postgres = { end: ground.killPostgres, revive: ground.revivePostgres, pid: () => ground.postgresPid };
  return [
    ...[...hosts, ...workers].flatMap(ofMember),
    ...ofServer('Temporal', temporal),
    ...ofServer('Postgres', postgres),
  ];
}

interface Server {
  end(how?: 'SIGKILL' | 'in good order'): Promise<void>;
  revive(): Promise<void>;
  pid(): number;
}
