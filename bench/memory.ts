import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const MB = 1024;
const QUIET_S = 10;

/** What a process holds, KB. Linux only, as the numbers are. */
const residentKb = (pid: number): number => field(`/proc/${pid}/status`, 'VmRSS');

/** The least resident memory of some quiet seconds, in which the garbage collector comes by, KB. */
export async function quietMemory(pid: number): Promise<number> {
  let least = residentKb(pid);
  for (let tries = 0; tries < QUIET_S; tries++) {
    await delay(1_000);
    least = Math.min(least, residentKb(pid));
  }
  return least;
}

/** What a process and all it started hold, MB: `rss` counts shared pages in each process, `pss` once. */
export function treeMemory(pid: number): { rss: number; pss: number; processes: number } {
  const pids = withDescendants(pid);
  const sum = (of: (pid: number) => number) => pids.reduce((total, each) => total + of(each), 0) / MB;
  return {
    rss: sum(residentKb),
    pss: sum((each) => field(`/proc/${each}/smaps_rollup`, 'Pss')),
    processes: pids.length,
  };
}

function field(file: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1]);
}

function withDescendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const family = new Set([root]);
  for (const parent of family) for (const [pid, of] of parents) if (of === parent) family.add(pid);
  return [...family];
}
