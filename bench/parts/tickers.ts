import { agentUrl, call, userMessage, type Wire } from '../../test/support/rpc.ts';

export interface Ticking {
  times: number;
  everyMs: number;
  by: 'timer' | 'activity';
}

const version = { version: '1.0' };

/** A task that changes its status so many times, once it is told to go. */
export async function newTicker(base: string, ticking: Ticking): Promise<string> {
  const message = userMessage([{ data: ticking }]);
  const { task } = await call(agentUrl(base, 'bench-tick'), 'SendMessage', { message }, version);
  return task.id;
}

export async function startTicking(base: string, taskId: string): Promise<void> {
  await call(
    agentUrl(base, 'bench-tick'),
    'SendMessage',
    { message: userMessage('Go', { taskId }), configuration: { returnImmediately: true } },
    version,
  );
}

export interface Tick {
  tick: number;
  at: number;
}

/** The newest change of a ticker that the record shows. */
export async function lastTick(base: string, id: string): Promise<Tick | undefined> {
  const task: Wire = await call(agentUrl(base, 'bench-tick'), 'GetTask', { id }, version);
  const data = task.status.message?.parts?.[0]?.data;
  return data?.tick === undefined ? undefined : data;
}
