import { randomUUID } from 'node:crypto';
import { eventsIn } from '../../src/client/events.ts';
import type { Wire } from '../../test/support/rpc.ts';
import type { Call } from '../ledger.ts';
import { dataOf, inState } from './a2a.ts';
import { ask, eventually, type Request, read, severalTimes, type World } from './ask.ts';
import { Watched } from './watched.ts';

type Mode = 'invoke' | 'invoke-async';

const AGENT = '/v1/agents/chaos-steps';

const requestOf = (mode: Mode, body: Wire): Request => ({
  path: `${AGENT}/${mode}`,
  body,
  headers: { 'idempotency-key': randomUUID() },
});

async function invokeOnce(world: World, call: Call, request: Request): Promise<string> {
  const { receipt_id } = await ask(world, request);
  return receipt_id ?? world.ledger.problem(call, 'was told of no receipt');
}

/** Calls, sometimes several times at once under one key. @returns the receipt. */
async function invoke(world: World, call: Call, request: Request): Promise<string> {
  const receipts = await severalTimes(world, () => invokeOnce(world, call, request));
  if (new Set(receipts).size > 1) world.ledger.problem(call, 'one key, two receipts');
  return String(receipts[0]);
}

/** Once it names its task, and is as wanted. */
async function receiptOf(world: World, call: Call, id: string, isFinal: boolean): Promise<void> {
  const { task_id } = await eventually(world, `receipt ${id} tells of its call`, async () => {
    const receipt = (await read(world, `/v1/receipts/${id}`))?.receipt;
    const wanted = isFinal ? receipt?.status !== 'running' : receipt?.task_id !== undefined;
    return wanted ? receipt : undefined;
  });
  if (task_id) world.ledger.told(call, task_id);
  else world.ledger.problem(call, `its receipt ${id} names no task`);
}

/** Calls once more what was answered long ago. */
async function repeat(world: World, call: Call, request: Request, receipt: string): Promise<void> {
  if (!world.random.oneIn(3)) return;
  world.ledger.count('calls repeated after their end');
  const told = await invokeOnce(world, call, request);
  if (told !== receipt) world.ledger.problem(call, `repeated it has receipt ${told}, not ${receipt}`);
}

/** Calls, and waits for the receipt to tell the end. */
const called = (mode: Mode) => async (world: World, call: Call) => {
  const request = requestOf(mode, { input: dataOf(call) });
  const receipt = await invoke(world, call, request);
  await receiptOf(world, call, receipt, true);
  await repeat(world, call, request, receipt);
};

export const callAndWait = called('invoke');
export const callAsync = called('invoke-async');

/** Calls, waits for the question, and answers it by another call. */
export async function callAndAnswer(world: World, call: Call): Promise<void> {
  const mode = world.random.of(['invoke', 'invoke-async'] as const);
  await receiptOf(world, call, await invoke(world, call, requestOf(mode, { input: dataOf(call) })), false);
  const taskId = String(call.taskId);
  await inState(world, taskId, /INPUT_REQUIRED$/);
  call.answer = `yes to ${call.key}`;
  const request = requestOf(mode, { message: call.answer, task_id: taskId });
  const receipt = await invoke(world, call, request);
  await receiptOf(world, call, receipt, true);
  await repeat(world, call, request, receipt);
}

/** Calls, waits until it is at work, and cancels, sometimes several times at once under one key. */
export async function callAndCancel(world: World, call: Call): Promise<void> {
  const request = requestOf('invoke-async', { input: dataOf(call) });
  const receipt = await invoke(world, call, request);
  await receiptOf(world, call, receipt, false);
  await inState(world, String(call.taskId), /WORKING$/);
  const path = `${AGENT}/tasks/${call.taskId}/cancel`;
  const headers = { 'idempotency-key': randomUUID() };
  await severalTimes(world, () => ask(world, { path, body: {}, headers }));
  await receiptOf(world, call, receipt, true);
  await repeat(world, call, request, receipt);
}

/** Calls, and subscribes to the task, again whenever that breaks, until it has seen the end. */
export async function callAndFollow(world: World, call: Call): Promise<void> {
  const receipt = await invoke(world, call, requestOf('invoke-async', { input: dataOf(call) }));
  await receiptOf(world, call, receipt, false);
  const watched = new Watched(world, call);
  await watched.toTheEnd(async function* () {
    const response = await fetch(`${world.url}${AGENT}/tasks/${call.taskId}/subscribe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: world.late,
    });
    if (!response.ok || response.body === null) throw new Error(`${response.status}`);
    for await (const { type, data } of eventsIn(response.body)) {
      if (type !== 'message') throw new Error(data);
      const { status, message } = JSON.parse(data);
      watched.see(status, message);
      yield;
    }
  });
}
