/** Requests that nobody would make: the invoke facade answers each in its own words, and keeps nothing open. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvokeCaller } from '../support/invoke.ts';
import { endAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { type Answer, post, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const WORKFLOWS = new URL('./fixtures/invoke', import.meta.url).pathname;
const REQUESTS = process.env.FULL ? 5_000 : 400;
const AT_ONCE = 8;
/** Connections that pools may yet open; one kept by each tenth request would be more. */
const MOST_MORE = 30;
const SEED = 20_261_121;
const data = await temporaryDataDir();
let product: Product;
let client: InvokeCaller;

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: data.path, WORKFLOWS, SEND_WAIT: '1' });
  client = new InvokeCaller(product.url);
});

afterAll(async () => {
  await endAllProducts();
  await data.remove();
});

/** The same numbers each time: mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = numbersFrom(SEED);
const among = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

const ODD: Wire[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  ' ',
  '\u0000',
  '\ud800',
  'ünïcödé 🙂',
  '../../etc/passwd',
  "'; drop table task; --",
  'x'.repeat(5_000),
  [],
  {},
  [[]],
  [null],
  { __proto__: null, constructor: 1 },
  { $case: 'text', value: 'x' },
];

const odd = (): Wire => among(ODD);
/** Mostly what is asked for. */
const or = (value: () => Wire): Wire => (random() < 0.9 ? value() : odd());
const maybe = (name: string, value: () => Wire): Wire => (random() < 0.3 ? { [name]: or(value) } : {});

const part = (): Wire => ({
  ...(random() < 0.9 && { [among(['text', 'data', 'url', 'raw'])]: or(() => among(['show', 'AAAA'])) }),
  ...maybe('text', () => 'show'),
  ...maybe('mediaType', () => among(['text/plain', 'image/png', '/', 'a/b; c'])),
  ...maybe('filename', () => 'a.txt'),
  ...maybe('metadata', () => ({ a: odd() })),
});

const params = (): Wire => ({
  agentId: or(() => among(['caller', 'caller', 'guarded', 'longhaul', 'nobody'])),
  message: or(() => ({
    role: or(() => 'user'),
    parts: or(() => Array.from({ length: Math.floor(random() * 3) + 1 }, () => or(part))),
    ...maybe('messageId', () => among(['one', 'two'])),
    ...maybe('metadata', () => ({ of: odd() })),
  })),
  ...maybe('sessionId', () => among(['first', 'second'])),
  ...maybe('taskId', () => '00000000-0000-4000-8000-000000000000'),
  ...maybe('skillIds', () => [or(() => among(['show', 'none']))]),
  ...maybe('metadata', () => ({ of: odd() })),
  ...maybe('region', () => 'NZ'),
  ...maybe('maxCostUnits', () => 3),
  ...maybe('confirmRisky', () => true),
  ...maybe('configuration', () => ({
    ...maybe('acceptedOutputModes', () => [or(() => among(['text/plain', 'image/*', 'x']))]),
    ...maybe('historyLength', () => among([0, 1, 10])),
    ...maybe('returnImmediately', () => true),
    ...maybe('taskPushNotificationConfig', () => ({
      url: or(() => 'https://192.0.2.1/'),
      ...maybe('headers', () => ({ 'x-a': odd() })),
    })),
  })),
  ...(random() < 0.05 && { [JSON.stringify(odd())]: odd() }),
});

const body = (): Wire =>
  or(() => ({
    jsonrpc: or(() => '2.0'),
    method: or(() => 'a2a.sendMessage'),
    params: or(params),
    ...maybe('id', () => among([1, 'a', null])),
  }));

/** Of a path or a query: anything that can be written there. */
const word = () => encodeURIComponent((JSON.stringify(odd()) ?? '').slice(0, 300));

async function ask(): Promise<Answer> {
  const key: Record<string, string> =
    random() < 0.3 ? { 'Idempotency-Key': among(['one', 'two', '"', '""', 'x'.repeat(256)]) } : {};
  const kind = random();
  if (kind < 0.8) return client.post(JSON.stringify(body()), key);
  if (kind < 0.85) return client.post(among(['{', 'null', '[]', '"', 'undefined', '[1', '\ufeff{}']), key);
  if (kind < 0.9) return post(`${client.base}/tasks/${word()}/cancel`, '', key);
  if (kind < 0.95) return client.get(`/tasks/${word()}?historyLength=${word()}`);
  return client.get(`/tasks?${among(['status', 'limit', 'cursor', 'sessionId', 'x'])}=${word()}`);
}

/** Open files and sockets of the host. */
const descriptors = async () => (await readdir(`/proc/${product.pid}/fd`)).length;

it(`${REQUESTS} of them`, async () => {
  // The pools of connections have grown by then.
  for (let round = 0; round < 6; round++) await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const before = await descriptors();
  const codes = new Set<number>();
  for (let asked = 0; asked < REQUESTS; asked += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, ask));
    for (const { status, body: said } of answers) {
      const text = JSON.stringify(said);
      expect(status, text).toBeLessThan(500);
      expect(said.error?.code, text).not.toBe(-32603);
      expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules|prisma|postgres/i);
      if (said.error) codes.add(said.error.code);
    }
  }
  // It was no monologue.
  expect([...codes].sort()).toEqual(expect.arrayContaining([-32700, -32602, -32601, -32600, -32001]));
  await until('nothing is kept open', async () =>
    (await descriptors()) <= before + MOST_MORE ? true : undefined,
  );
  expect(product.log()).not.toMatch(/a request failed/);
}, 600_000);
