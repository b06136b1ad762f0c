import { agentUrl } from '../../test/support/rpc.ts';
import type { ExpressSetup } from '../baselines/express.ts';
import { type Child, startChild } from '../child.ts';
import { compare, type Figures } from '../compare.ts';
import type { Row } from '../report.ts';
import { httpContestant, type Setting } from '../setting.ts';
import { figureRows, inShort } from './rows.ts';

const ROW_ID = '5f0c9a52-1f5e-4bd5-8f5a-3f1c9d0e7a11';
const CONSTANT = 'Express and a constant';
const SELECT = 'Express and one SELECT';

/** An agent's card, beside Express answering the same bytes. */
export async function card(setting: Setting): Promise<Row[]> {
  const url = `${agentUrl(setting.product.url, 'bench-empty')}/.well-known/agent-card.json`;
  const constant = await (await fetch(url)).json();
  return withExpress(setting, constant, async (express) => {
    const contestants = [
      httpContestant('ours', setting.load, { requests: [{ method: 'GET', url }], expect: 'bench-empty' }),
      httpContestant(CONSTANT, setting.load, {
        requests: [{ method: 'GET', url: `${express}/constant` }],
        expect: 'bench-empty',
      }),
    ];
    const rows: Row[] = [];
    for (const clients of [1, 50]) {
      const figures = await compare(contestants, { clients, ms: 1_000 });
      rows.push(
        ...figureRows(`card, ${inShort(clients)}`, figures.get('ours') as Figures, [
          {
            name: CONSTANT,
            figures: figures.get(CONSTANT) as Figures,
            targets: clients === 1 ? {} : { throughput: { of: 'ratio', atLeast: 0.7 } },
          },
        ]),
      );
    }
    return rows;
  });
}

/** A search of the registry in words, beside one row of the same size by its key. */
export async function search(setting: Setting): Promise<Row[]> {
  const url = agentUrl(setting.product.url, 'agents/search');
  const body = JSON.stringify({ query: 'an empty conversation', top: 10 });
  const headers = { 'content-type': 'application/json' };
  const found = await (await fetch(url, { method: 'POST', headers, body })).json();
  return withExpress(setting, found, async (express) => {
    const contestants = [
      httpContestant('ours', setting.load, {
        requests: [{ method: 'POST', url, body }],
        expect: 'bench-empty',
      }),
      httpContestant(SELECT, setting.load, {
        requests: [{ method: 'GET', url: `${express}/rows/${ROW_ID}` }],
        expect: 'bench-empty',
      }),
    ];
    const rows: Row[] = [];
    for (const clients of [1, 50]) {
      const figures = await compare(contestants, { clients, ms: 1_000 });
      rows.push(
        ...figureRows(`search, ${inShort(clients)}`, figures.get('ours') as Figures, [
          { name: SELECT, figures: figures.get(SELECT) as Figures },
        ]),
      );
    }
    return rows;
  });
}

async function withExpress<T>(
  { servers }: Setting,
  constant: unknown,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const express: Child = await startChild(new URL('../baselines/express.ts', import.meta.url), {
    databaseUrl: servers.databaseUrl,
    rows: [[ROW_ID, JSON.stringify(constant)]],
    constant,
  } satisfies ExpressSetup);
  try {
    return await use(await express.ask<string>('url'));
  } finally {
    await express.ask('clear').catch(() => {});
    await express.end();
  }
}
