import { readdirSync, readFileSync } from 'node:fs';

const MB = 1024;

/** What a process holds, KB. Linux only, as the numbers are. */
export const residentKb = (pid: number): number => field(`/proc/${pid}/status`, 'VmRSS');

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
