import { agentUrl, call, userMessage } from '../../test/support/rpc.ts';
import { type Contestant, compare, type Figures } from '../compare.ts';
import type { Slice } from '../load/closed-loop.ts';
import type { HttpLoad } from '../load/http-load.ts';
import type { Row } from '../report.ts';
import { sendRequest } from '../rpc-requests.ts';
import type { Setting } from '../setting.ts';
import { figureRows, inShort } from './rows.ts';
import { startTemporalBaselines, temporalContestant } from './send.ts';

const UPDATE = 'an update on a plain connection';

/** A blocking follow-up to a task that waits for it, until it waits for the next. */
export async function followUp(setting: Setting): Promise<Row[]> {
  const { plain, end } = await startTemporalBaselines(setting.servers);
  try {
    const rows: Row[] = [];
    for (const clients of [1, 50]) {
      const contestants = [
        await conversations(setting, clients),
        temporalContestant(UPDATE, plain, 'update'),
      ];
      const figures = await compare(contestants, { clients, ms: 1_500 });
      rows.push(
        ...figureRows(`follow-up, ${inShort(clients)}`, figures.get('ours') as Figures, [
          { name: UPDATE, figures: figures.get(UPDATE) as Figures },
        ]),
      );
    }
    return rows;
  } finally {
    await end();
  }
}

/** Every client has a task of its own. */
async function conversations({ product, load }: Setting, clients: number): Promise<Contestant> {
  const tasks = await waitingTasks(product.url, clients);
  const requests = tasks.map((id) => sendRequest(product.url, 'bench-ask', id));
  return {
    name: 'ours',
    run: (_clients, ms) =>
      load.ask<Slice>({
        requests,
        oneEach: true,
        expect: '"TASK_STATE_INPUT_REQUIRED"',
        clients,
        ms,
      } satisfies HttpLoad),
  };
}

const BEGUN_AT_ONCE = 50;

/** The ids of so many tasks that wait for their caller. */
export async function waitingTasks(base: string, count: number): Promise<string[]> {
  const tasks: string[] = [];
  const begin = async () => {
    const message = userMessage('Hello');
    const { task } = await call(agentUrl(base, 'bench-ask'), 'SendMessage', { message }, { version: '1.0' });
    return task.id as string;
  };
  while (tasks.length < count) {
    const wave = Math.min(BEGUN_AT_ONCE, count - tasks.length);
    tasks.push(...(await Promise.all(Array.from({ length: wave }, begin))));
  }
  return tasks;
}
