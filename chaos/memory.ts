import type { Member } from '../cluster/member.ts';

const ASKED = 'SIGUSR2';

/** Loaded before the product: collects what is garbage, and tells what is left. */
const PROBE = `
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    process.on('${ASKED}', () => {
      collect();
      const { heapUsed, external, rss } = process.memoryUsage();
      process.stderr.write('memory ' + JSON.stringify({ heap: heapUsed + external, resident: rss }) + '\\n');
    });
  }`;

/** Settings of a process that can be asked for its memory. */
export const memoryProbe = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(PROBE)}`,
};

export interface Memory {
  /** What is not garbage, in MB. */
  heap: number;
  /** All that the process holds, in MB. */
  resident: number;
}

export async function memoryOf(member: Member): Promise<Memory> {
  const { heap, resident } = JSON.parse(await member.tells(ASKED, /^memory (.*)$/m)) as Memory;
  return { heap: heap / 2 ** 20, resident: resident / 2 ** 20 };
}
