import { agentUrl, stream, userMessage, type Wire } from '../../test/support/rpc.ts';
import type { Call } from '../ledger.ts';
import { ask, eventually, Refused, type World } from './ask.ts';

const AGENT = 'chaos-steps';
const FINAL = /_(COMPLETED|FAILED|CANCELED|REJECTED)$/;

export const dataOf = ({ key, plan, steps, stepMs }: Call): Wire => ({ key, plan, steps, stepMs });

async function rpc(world: World, method: string, params: unknown): Promise<Wire> {
  const body = await ask(world, {
    path: agentUrl('', AGENT),
    body: { jsonrpc: '2.0', id: 1, method, params },
    headers: { 'A2A-Version': '1.0' },
  });
  return body.result;
}

export const taskOf = (world: World, id: string): Promise<Wire> => rpc(world, 'GetTask', { id });

/** What is asked of the agent, under one message id however often it is sent. */
function requestOf(world: World, call: Call): Wire {
  call.notified = world.random.oneIn(3);
  return {
    message: userMessage([{ data: dataOf(call) }]),
    configuration: {
      returnImmediately: call.plan === 'wait' || world.random.oneIn(2),
      ...(call.notified && { taskPushNotificationConfig: { url: `${world.webhookUrl}?${call.key}` } }),
    },
  };
}

async function sendOnce(world: World, call: Call, request: Wire): Promise<void> {
  const { task } = await rpc(world, 'SendMessage', request);
  world.ledger.told(call, task.id);
}

/** Sends, sometimes several times at once. */
async function send(world: World, call: Call): Promise<string> {
  const request = requestOf(world, call);
  const times = world.random.oneIn(3) ? world.random.between(2, 5) : 1;
  await Promise.all(Array.from({ length: times }, () => sendOnce(world, call, request)));
  return String(call.taskId);
}

const inState = (world: World, id: string, wanted: RegExp): Promise<Wire> =>
  eventually(world, `${id} is ${wanted}`, async () => {
    const task = await taskOf(world, id);
    return wanted.test(task.status.state) ? task : undefined;
  });

/** Sends, and asks for the task until it has ended. */
export async function sendAndPoll(world: World, call: Call): Promise<void> {
  await inState(world, await send(world, call), FINAL);
}

/** Sends, waits for the question, and answers it, several times at once. */
export async function answer(world: World, call: Call): Promise<void> {
  const taskId = await send(world, call);
  await inState(world, taskId, /INPUT_REQUIRED$/);
  call.answer = `yes to ${call.key}`;
  const message = userMessage(call.answer, { taskId });
  await Promise.all([1, 2, 3].map(() => sendOnce(world, call, { message })));
  await inState(world, taskId, FINAL);
}

/** Sends, waits until it is at work, and cancels. */
export async function cancel(world: World, call: Call): Promise<void> {
  const taskId = await send(world, call);
  await inState(world, taskId, /WORKING$/);
  await rpc(world, 'CancelTask', { id: taskId }).catch((error: unknown) => {
    // The first try was heard, its answer was not.
    if (!(error instanceof Refused && /-32002/.test(error.message))) throw error;
  });
  await inState(world, taskId, /CANCELED$/);
}

/** Sends by a stream, and subscribes again whenever it breaks, until it has seen the end. */
export async function follow(world: World, call: Call): Promise<void> {
  const request = requestOf(world, call);
  const url = agentUrl(world.url, AGENT);
  for (;;) {
    const { taskId: id } = call;
    const events =
      id === undefined
        ? stream(url, 'SendStreamingMessage', request, { version: '1.0' })
        : stream(url, 'SubscribeToTask', { id }, { version: '1.0' });
    if (await sawEnd(world, call, events)) return;
    if (Date.now() > world.deadline()) throw new Refused('its stream never showed the end');
    // A task that has ended cannot be subscribed to; it shows its end by itself.
    if (call.taskId !== undefined && FINAL.test((await taskOf(world, call.taskId)).status.state)) return;
    world.ledger.count('streams opened again');
  }
}

async function sawEnd(world: World, call: Call, events: AsyncIterable<Wire>): Promise<boolean> {
  let ended = false;
  try {
    for await (const { task, statusUpdate } of events) {
      const id = task?.id ?? statusUpdate?.taskId;
      if (id !== undefined) world.ledger.told(call, id);
      if (FINAL.test(task?.status.state ?? statusUpdate?.status.state ?? '')) ended = true;
    }
  } catch {
    // Broken off; what was seen before counts.
  }
  return ended;
}
