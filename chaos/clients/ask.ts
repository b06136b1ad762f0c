import { setTimeout as delay } from 'node:timers/promises';
import type { Wire } from '../../test/support/rpc.ts';
import type { Ledger } from '../ledger.ts';
import type { Random } from '../random.ts';

/** What every client of a run has. */
export interface World {
  url: string;
  webhookUrl: string;
  ledger: Ledger;
  random: Random;
  /** Aborted when a client that still has no answer gives up: some time after the faults are over. */
  late: AbortSignal;
}

/** A refusal that another try would not change. */
export class Refused extends Error {}

const PATIENCE_MS = 15_000;
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 1_000;

export interface Request {
  path: string;
  body: unknown;
  headers?: Record<string, string>;
}

/**
 * Posts until there is an answer, as a client does that means what it asks for: the same request again when the
 * connection breaks, when nothing comes, and when the answer is to come again later.
 * @throws Refused, with status and body.
 */
export async function ask(world: World, request: Request): Promise<Wire> {
  for (let tries = 0; ; tries++) {
    const found = await once(world, request).catch((error: Error) => {
      world.ledger.count(`no answer: ${error.name}`);
      return undefined;
    });
    if (found !== undefined) {
      if (found.status < 400 && !found.body?.error) return found.body;
      world.ledger.count(`answer ${found.status}`);
      if (!found.again) throw new Refused(`${request.path}: ${found.status} ${JSON.stringify(found.body)}`);
    }
    if (world.late.aborted) throw new Refused(`${request.path}: no answer to the end`);
    await pause(tries);
  }
}

/** Before the next try, longer with each. */
export const pause = (tries: number): Promise<void> =>
  delay(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** tries));

const AGAIN = new Set([409, 429, 503]);

async function once(world: World, { path, body, headers }: Request) {
  const response = await fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? undefined : (JSON.parse(text) as Wire),
    again: AGAIN.has(response.status) && response.headers.has('retry-after'),
  };
}

/** What is there; undefined while nobody answers. */
export async function read(world: World, path: string): Promise<Wire> {
  try {
    const response = await fetch(`${world.url}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/** Asks again and again until it is as wanted. */
export async function eventually<T>(
  world: World,
  what: string,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (world.late.aborted) throw new Refused(`never: ${what}`);
    await delay(PAUSE_MS);
  }
}

/** Does the same several times at once, or once. */
export const severalTimes = <T>(world: World, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: world.random.oneIn(3) ? world.random.between(2, 5) : 1 }, work));
