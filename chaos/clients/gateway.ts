import { randomUUID } from 'node:crypto';
import type { Wire } from '../../test/support/rpc.ts';
import type { Call } from '../ledger.ts';
import { dataOf } from './a2a.ts';
import { ask, eventually, type World } from './ask.ts';

async function invoke(world: World, call: Call, mode: 'invoke' | 'invoke-async'): Promise<Wire> {
  const request = {
    path: `/v1/agents/chaos-steps/${mode}`,
    body: { input: dataOf(call) },
    headers: { 'idempotency-key': randomUUID() },
  };
  const [first, ...more] = await Promise.all(
    Array.from({ length: world.random.oneIn(3) ? 3 : 1 }, () => ask(world, request)),
  );
  for (const other of more) {
    if (other.receipt_id !== first.receipt_id) world.ledger.problem(call, 'one key, two receipts');
  }
  call.receiptId = first.receipt_id;
  return first;
}

/** Calls, and waits for the receipt to tell the end. */
const called = (mode: 'invoke' | 'invoke-async') => async (world: World, call: Call) => {
  await invoke(world, call, mode);
  const receipt = await eventually(world, 'its receipt is final', async () => {
    const found = await read(world, `/v1/receipts/${call.receiptId}`);
    return found?.receipt.status === 'running' ? undefined : found?.receipt;
  });
  if (receipt.task_id) world.ledger.told(call, receipt.task_id);
  else world.ledger.problem(call, `its receipt names no task: ${JSON.stringify(receipt)}`);
};

export const callAndWait = called('invoke');
export const callAsync = called('invoke-async');

/** What is there; undefined while nobody answers. */
async function read(world: World, path: string): Promise<Wire> {
  try {
    const response = await fetch(`${world.url}${path}`, { signal: AbortSignal.timeout(15_000) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
