import { agentUrl, stream, userMessage, type Wire } from '../../test/support/rpc.ts';
import { type Call, FINAL } from '../ledger.ts';
import { ask, eventually, Refused, severalTimes, type World } from './ask.ts';
import { Watched } from './watched.ts';

const AGENT = 'chaos-steps';

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

export const inState = (world: World, id: string, wanted: RegExp): Promise<Wire> =>
  eventually(world, `${id} is ${wanted}`, async () => {
    const task = await taskOf(world, id);
    return wanted.test(task.status.state) ? task : undefined;
  });

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
async function send(world: World, call: Call, request: Wire): Promise<string> {
  await severalTimes(world, () => sendOnce(world, call, request));
  return String(call.taskId);
}

/** Sends once more what was answered long ago. */
async function repeat(world: World, call: Call, request: Wire): Promise<void> {
  if (!world.random.oneIn(3)) return;
  world.ledger.count('calls repeated after their end');
  await sendOnce(world, call, request);
}

/** Sends, and asks for the task until it has ended. */
export async function sendAndPoll(world: World, call: Call): Promise<void> {
  const request = requestOf(world, call);
  await inState(world, await send(world, call, request), FINAL);
  await repeat(world, call, request);
}

/** Sends, waits for the question, and answers it, several times at once. */
export async function answer(world: World, call: Call): Promise<void> {
  const request = requestOf(world, call);
  const taskId = await send(world, call, request);
  await inState(world, taskId, /INPUT_REQUIRED$/);
  call.answer = `yes to ${call.key}`;
  const message = userMessage(call.answer, { taskId });
  await Promise.all([1, 2, 3].map(() => sendOnce(world, call, { message })));
  await inState(world, taskId, FINAL);
  await repeat(world, call, request);
  await repeat(world, call, { message });
}

/** Sends, waits until it is at work, and cancels. */
export async function cancel(world: World, call: Call): Promise<void> {
  const request = requestOf(world, call);
  const taskId = await send(world, call, request);
  await inState(world, taskId, /WORKING$/);
  await rpc(world, 'CancelTask', { id: taskId }).catch((error: unknown) => {
    // The first try was heard, its answer was not.
    if (!(error instanceof Refused && /-32002/.test(error.message))) throw error;
  });
  await inState(world, taskId, /CANCELED$/);
  await repeat(world, call, request);
}

/** Sends by a stream, and subscribes again whenever it breaks, until it has seen the end. */
export async function follow(world: World, call: Call): Promise<void> {
  const request = requestOf(world, call);
  const url = agentUrl(world.url, AGENT);
  const watched = new Watched(world, call);
  const options = { version: '1.0', signal: world.late };
  async function* events(): AsyncGenerator<void> {
    const { taskId: id } = call;
    const results =
      id === undefined
        ? stream(url, 'SendStreamingMessage', request, options)
        : stream(url, 'SubscribeToTask', { id }, options);
    for await (const { task, statusUpdate } of results) {
      const told = task?.id ?? statusUpdate?.taskId;
      if (told !== undefined) world.ledger.told(call, told);
      const status = task?.status ?? statusUpdate?.status;
      if (status !== undefined) watched.see(status.state, status.message?.parts?.[0]?.text);
      yield;
    }
  }
  await watched.toTheEnd(events, async () => {
    // A task that has ended cannot be subscribed to; it shows its end by itself.
    if (call.taskId === undefined) return false;
    return FINAL.test((await taskOf(world, call.taskId)).status.state);
  });
  await repeat(world, call, request);
}
