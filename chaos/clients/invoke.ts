import { InvokeClient } from '../../src/client/index.ts';
import type { Call } from '../ledger.ts';
import { dataOf } from './a2a.ts';
import type { World } from './ask.ts';

/** Calls by the product's own client, sometimes twice at once under one key, and watches to the end. */
export async function invokeAndWatch(world: World, call: Call): Promise<void> {
  const client = new InvokeClient({
    url: world.url,
    retryForMs: 180_000,
    fetch: (url, init) => fetch(url, { ...init, signal: init?.signal ?? AbortSignal.timeout(15_000) }),
  });
  const idempotencyKey = crypto.randomUUID();
  const params = {
    agentId: 'chaos-steps',
    message: { role: 'user' as const, parts: [{ data: dataOf(call) }] },
    configuration: { returnImmediately: world.random.oneIn(2) },
  };
  const tries = Array.from({ length: world.random.oneIn(2) ? 2 : 1 }, () =>
    client.invoke(params, { idempotencyKey }),
  );
  for (const task of await Promise.all(tries)) world.ledger.told(call, task.id);
  let last: string | undefined;
  for await (const { status } of client.watch(String(call.taskId))) last = status;
  if (last !== call.ending.toUpperCase()) world.ledger.problem(call, `its stream ended with ${last}`);
}
