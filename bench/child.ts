import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the bench's own that answers requests. */
export interface Child {
  ask<T>(request: unknown): Promise<T>;
  end(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Starts a module as a process; what it is to be is its first request, answered when it is ready. */
export async function startChild(module: URL, setup: unknown): Promise<Child> {
  const child = fork(module, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  running.add(child);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const gone = once(child, 'exit').then(() => {
    running.delete(child);
    for (const { reject } of waiting.values()) reject(new Error(`${module.pathname} ended`));
  });
  child.on('message', ({ id, result, error }: Reply) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  });
  let lastId = 0;
  const ask = <T>(request: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ id: lastId, request });
    });
  await ask(setup);
  return {
    ask,
    end: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

interface Reply {
  id: number;
  result?: unknown;
  error?: string;
}

/** Ends what a failed run left. */
export function endAllChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** The other side: makes this process what its first request says, then answers the others with what that gave. */
export function serveRequests<Setup>(
  prepare: (setup: Setup) => Promise<(request: never) => Promise<unknown>>,
): void {
  let answer: ((request: never) => Promise<unknown>) | undefined;
  process.on('disconnect', () => process.exit(0));
  process.on('message', async ({ id, request }: { id: number; request: never }) => {
    try {
      if (answer === undefined) {
        answer = await prepare(request);
        process.send?.({ id });
      } else {
        process.send?.({ id, result: await answer(request) });
      }
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}
