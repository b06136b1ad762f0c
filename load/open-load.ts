/** The process that asks so often, whether it is answered or not. */

import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { serveRequests } from '../bench/child.ts';
import { Connection, encode, FRESH_ID, type HttpRequest } from '../bench/load/connection.ts';

export interface OpenLoad {
  /** Taken in turn; in each, the first FRESH_ID becomes another id every time. */
  requests: HttpRequest[];
  /** Stands in every answer to what was done; another one says that it is done later. */
  expect: string;
  perSecond: number;
  ms: number;
}

/** How long each took, ms, by what became of it. */
export interface Outcomes {
  answered: Float64Array;
  later: Float64Array;
  /** 429 and 503. */
  refused: Float64Array;
  /** What the others were told. */
  failed: string[];
  /** Requests for which there was no connection left. */
  unsent: number;
}

/** Kept open, as by a balancer before the host. */
const CONNECTIONS = 1_000;
const OPENING_AT_ONCE = 100;
const TURN_MS = 5;
/** For the last ones; what is not answered by then has failed. */
const PATIENCE_MS = 30_000;

serveRequests(async () => run);

async function run({ requests, expect, perSecond, ms }: OpenLoad): Promise<Outcomes> {
  const encoded = requests.map(encode);
  const url = requests[0]?.url ?? '';
  const idle: Connection[] = [];
  while (idle.length < CONNECTIONS) {
    const wave = Array.from({ length: OPENING_AT_ONCE }, () => Connection.open(url));
    idle.push(...(await Promise.all(wave)));
  }
  const open = [...idle];
  const answered: number[] = [];
  const later: number[] = [];
  const refused: number[] = [];
  const failed: string[] = [];
  let unsent = 0;

  const ask = async (connection: Connection, request: string) => {
    const begin = performance.now();
    const took = () => performance.now() - begin;
    try {
      const body = await connection.ask(request);
      (body.includes(expect) ? answered : later).push(took());
    } catch (error) {
      const { message } = error as Error;
      if (/^HTTP\/1\.1 (429|503) /.test(message)) refused.push(took());
      else failed.push(message);
      if (!message.startsWith('HTTP/1.1 ')) return;
    }
    idle.push(connection);
  };

  const asked = new Set<Promise<void>>();
  const begin = performance.now();
  for (let sent = 0; ; ) {
    const elapsed = performance.now() - begin;
    if (elapsed >= ms) break;
    for (const due = Math.floor((elapsed / 1_000) * perSecond); sent < due; sent++) {
      const connection = idle.pop();
      if (connection === undefined) {
        unsent += 1;
        continue;
      }
      const request = (encoded[sent % encoded.length] ?? '').replace(FRESH_ID, () => randomUUID());
      const one: Promise<void> = ask(connection, request).finally(() => asked.delete(one));
      asked.add(one);
    }
    await delay(TURN_MS);
  }
  await Promise.race([Promise.all(asked), delay(PATIENCE_MS, undefined, { ref: false })]);
  for (const _ of asked) failed.push('no answer');
  for (const connection of open) connection.close();
  return {
    answered: Float64Array.from(answered),
    later: Float64Array.from(later),
    refused: Float64Array.from(refused),
    failed,
    unsent,
  };
}
