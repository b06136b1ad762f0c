import pg from 'pg';
import { compare, type Figures } from '../compare.ts';
import { FRESH_ID, type HttpRequest } from '../load/connection.ts';
import type { Row } from '../report.ts';
import { sendRequest } from '../rpc-requests.ts';
import { httpContestant, type Setting } from '../setting.ts';
import { figureRows, inShort } from './rows.ts';

const AGENT = 'bench-empty';
const SEND = 'a blocking send';
const INVOKE = 'invoke';
const LATER = 'invoke-async';

/** A call through the gateway, with its receipt, beside a plain send; and the answer to a call that is made later. */
export async function gateway({ product, load, servers }: Setting): Promise<Row[]> {
  const db = new pg.Client(servers.databaseUrl);
  await db.connect();
  const later = httpContestant(LATER, load, {
    requests: [invokeRequest(product.url, 'invoke-async')],
    expect: '"running"',
  });
  const send = httpContestant(SEND, load, {
    requests: [sendRequest(product.url, AGENT)],
    expect: '"TASK_STATE_COMPLETED"',
  });
  const invoke = httpContestant(INVOKE, load, {
    requests: [invokeRequest(product.url, 'invoke')],
    expect: '"completed"',
  });
  const drained = {
    name: LATER,
    run: async (clients: number, ms: number) => {
      const slice = await later.run(clients, ms / 4);
      // What it has left behind is not the next one's to wait for.
      await allFinal(db);
      return slice;
    },
  };
  try {
    const one = { clients: 1, ms: 2_000 };
    const waited = await compare([send, invoke], one);
    const accepted = await compare([invoke, drained], one);
    const invoked = waited.get(INVOKE) as Figures;
    return [
      ...figureRows(`${INVOKE}, ${inShort(1)}`, invoked, [
        {
          name: SEND,
          figures: waited.get(SEND) as Figures,
          targets: { p50: { of: 'ratio', atMost: 1.3 } },
        },
      ]),
      ...figureRows(`${LATER}, ${inShort(1)}`, accepted.get(LATER) as Figures, [
        {
          name: INVOKE,
          figures: accepted.get(INVOKE) as Figures,
          targets: { p50: { of: 'ratio', atMost: 0.6 } },
        },
      ]),
    ];
  } finally {
    await db.end();
  }
}

export const invokeRequest = (base: string, how: 'invoke' | 'invoke-async' | 'check'): HttpRequest => ({
  method: 'POST',
  url: `${base}/v1/agents/${AGENT}/${how}`,
  body: JSON.stringify({ message: 'Hello', input: { request: FRESH_ID } }),
});

async function allFinal(db: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await db.query(`select 1 from receipt where status = 'running' limit 1`);
    if (rows.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
