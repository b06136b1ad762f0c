import { InvokeClient, type InvokeParams, type InvokeTaskState } from '../../src/client/index.ts';
import type { Call } from '../ledger.ts';
import { dataOf } from './a2a.ts';
import { severalTimes, type World } from './ask.ts';
import { Watched } from './watched.ts';

const PATIENCE_MS = 15_000;

/** The product's own: it asks again by itself, and opens streams again where they broke. */
const clientOf = (world: World): InvokeClient =>
  new InvokeClient({
    url: world.url,
    retryForMs: 600_000,
    fetch: (url, init) => {
      // A stream is as long as it is; what else gets no answer is asked for again.
      if (new Headers(init?.headers).get('accept') === 'text/event-stream') return fetch(url, init);
      return fetch(url, { ...init, signal: AbortSignal.any([world.late, AbortSignal.timeout(PATIENCE_MS)]) });
    },
  });

function paramsOf(world: World, call: Call): InvokeParams {
  call.notified = world.random.oneIn(3);
  return {
    agentId: 'chaos-steps',
    message: { role: 'user', parts: [{ data: dataOf(call) }] },
    configuration: {
      returnImmediately: call.plan === 'wait' || world.random.oneIn(2),
      ...(call.notified && { taskPushNotificationConfig: { url: `${world.webhookUrl}?${call.key}` } }),
    },
  };
}

/** Calls, sometimes several times at once under one key. @returns what calls once more. */
async function invoke(world: World, call: Call, params: InvokeParams): Promise<() => Promise<void>> {
  const client = clientOf(world);
  const options = { idempotencyKey: crypto.randomUUID(), signal: world.late };
  const once = async () => world.ledger.told(call, (await client.invoke(params, options)).id);
  await severalTimes(world, once);
  return async () => {
    if (!world.random.oneIn(3)) return;
    world.ledger.count('calls repeated after their end');
    await once();
  };
}

/** Until it is as wanted, or has ended. */
async function watch(world: World, call: Call, wanted?: InvokeTaskState): Promise<void> {
  const watched = new Watched(world, call);
  for await (const { status, messages } of clientOf(world).watch(String(call.taskId), {
    signal: world.late,
  })) {
    const part = messages.findLast(({ role }) => role === 'agent')?.parts[0];
    watched.see(status, part && 'text' in part ? part.text : undefined);
    if (status === wanted) return;
  }
  if (!watched.hasEnded) world.ledger.problem(call, 'its stream was over without its end');
}

/** Calls, and watches to the end. */
export async function invokeAndWatch(world: World, call: Call): Promise<void> {
  const repeat = await invoke(world, call, paramsOf(world, call));
  await watch(world, call);
  await repeat();
}

/** Calls, watches until it asks, answers, and watches to the end. */
export async function invokeAndAnswer(world: World, call: Call): Promise<void> {
  const repeat = await invoke(world, call, paramsOf(world, call));
  await watch(world, call, 'INPUT_REQUIRED');
  call.answer = `yes to ${call.key}`;
  const repeatAnswer = await invoke(world, call, {
    agentId: 'chaos-steps',
    taskId: String(call.taskId),
    message: { role: 'user', parts: [{ text: call.answer }] },
  });
  await watch(world, call);
  await repeat();
  await repeatAnswer();
}

/** Calls, watches until it is at work, cancels, and watches to the end. */
export async function invokeAndCancel(world: World, call: Call): Promise<void> {
  const repeat = await invoke(world, call, paramsOf(world, call));
  await watch(world, call, 'WORKING');
  const client = clientOf(world);
  const options = { idempotencyKey: crypto.randomUUID(), signal: world.late };
  await severalTimes(world, () => client.cancel(String(call.taskId), options));
  await watch(world, call);
  await repeat();
}
