import { agentUrl, call, userMessage, type Wire } from '../../test/support/rpc.ts';
import type { ExpressSetup } from '../baselines/express.ts';
import type { SdkSetup } from '../baselines/sdk.ts';
import { startChild } from '../child.ts';
import { compare, type Figures } from '../compare.ts';
import type { Row, Target } from '../report.ts';
import { getRequest } from '../rpc-requests.ts';
import { httpContestant, type Setting } from '../setting.ts';
import { waitingTasks } from './follow-up.ts';
import { figureRows, inShort } from './rows.ts';

const TASKS = 100;
const SELECT = 'Express and one SELECT';
const atLeast = (ratio: number): Target => ({ of: 'ratio', atLeast: ratio });

/** tasks/get of tasks that have ended and of tasks that have not. */
export async function get({ servers, product, load }: Setting): Promise<Row[]> {
  const empty = agentUrl(product.url, 'bench-empty');
  const ask = agentUrl(product.url, 'bench-ask');
  const final = await Promise.all(Array.from({ length: TASKS }, () => endedTask(empty)));
  const running = await waitingTasks(product.url, TASKS);
  const ids = final.map((task) => task.id as string);
  const express = await startChild(new URL('../baselines/express.ts', import.meta.url), {
    databaseUrl: servers.databaseUrl,
    rows: final.map((task) => [task.id, JSON.stringify({ jsonrpc: '2.0', id: 1, result: task })]),
    constant: null,
  } satisfies ExpressSetup);
  const sdk = await startChild(new URL('../baselines/sdk.ts', import.meta.url), {
    databaseUrl: servers.databaseUrl,
    tasks: final,
  } satisfies SdkSetup);
  try {
    const expressUrl = await express.ask<string>('url');
    const { url: sdkUrl } = await sdk.ask<{ url: string }>('url');
    const handler = 'the SDK’s handler on its Postgres store';
    const expect = '"status"';
    const contestants = [
      httpContestant('final', load, { requests: ids.map((id) => getRequest(empty, id)), expect }),
      httpContestant('running', load, { requests: running.map((id) => getRequest(ask, id)), expect }),
      httpContestant(SELECT, load, {
        requests: ids.map((id) => ({ method: 'GET', url: `${expressUrl}/rows/${id}` })),
        expect,
      }),
      httpContestant(handler, load, { requests: ids.map((id) => getRequest(sdkUrl, id)), expect }),
    ];
    const rows: Row[] = [];
    for (const clients of [1, 50]) {
      const figures = await compare(contestants, { clients, ms: 1_000 });
      const baselines = (toSelect: Target) => [
        {
          name: SELECT,
          figures: figures.get(SELECT) as Figures,
          targets: clients === 1 ? {} : { throughput: toSelect },
        },
        {
          name: handler,
          figures: figures.get(handler) as Figures,
          targets: clients === 1 ? {} : { throughput: atLeast(1.2) },
        },
      ];
      for (const [name, target] of [['final', atLeast(0.6)] as const, ['running', atLeast(0.45)] as const]) {
        const ours = figures.get(name) as Figures;
        rows.push(...figureRows(`tasks/get, ${name}, ${inShort(clients)}`, ours, baselines(target)));
      }
    }
    return rows;
  } finally {
    await Promise.allSettled([express.ask('clear'), sdk.ask('clear')]);
    await Promise.all([express.end(), sdk.end()]);
  }
}

async function endedTask(url: string): Promise<Wire> {
  const { task } = await call(url, 'SendMessage', { message: userMessage('Hello') }, { version: '1.0' });
  return task;
}
