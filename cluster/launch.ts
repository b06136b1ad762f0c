import { startGuarded } from '../src/embedded/guarded-process.ts';
import type { Product } from '../test/support/product.ts';

const MAIN = new URL('../dist/main.js', import.meta.url).pathname;
/** More than a process takes that is told to stop. */
const GRACE_S = 20;
const KEPT_LINES = 200;

/**
 * Starts one process of the product on a free port. It ends with this one, however this one ends.
 * @param onLine hears each line that it writes.
 * @returns what runs once it is ready; undefined when it ended before.
 */
export async function launch(
  env: Record<string, string>,
  onLine: (line: string) => void,
): Promise<Product | undefined> {
  const lines: string[] = [];
  let ready: (url: string) => void;
  const url = new Promise<string>((resolve) => {
    ready = resolve;
  });
  const guarded = startGuarded({
    command: process.execPath,
    args: [MAIN, 'start'],
    signal: 'SIGTERM',
    graceSeconds: GRACE_S,
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...env },
    onLine: (line) => {
      const [, at] = /^ready (\S+)$/.exec(line) ?? [];
      if (at !== undefined) ready(at);
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      onLine(line);
    },
  });
  const { pid, exited } = guarded;
  let over = false;
  void exited.then(() => {
    over = true;
  });
  const product: Omit<Product, 'url'> = {
    pid,
    exited,
    log: () => lines.join('\n'),
    end: (signal) => {
      if (!over) process.kill(pid, signal);
      return exited;
    },
  };
  return Promise.race([url.then((found) => ({ ...product, url: found })), exited.then(() => undefined)]);
}
