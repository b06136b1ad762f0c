import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { ClusterOptions } from '../cluster/cluster.ts';
import { ok, status } from '../test/support/webhook.ts';
import { checkAll } from './checks.ts';
import { answer, cancel, follow, sendAndPoll } from './clients/a2a.ts';
import type { World } from './clients/ask.ts';
import { callAndAnswer, callAndCancel, callAndFollow, callAndWait, callAsync } from './clients/gateway.ts';
import { invokeAndAnswer, invokeAndCancel, invokeAndWatch } from './clients/invoke.ts';
import { BLOWS, type Blow, makeFaults } from './faults.ts';
import { checkLeaks, levelOf, showLevels } from './leaks.ts';
import { type Call, count, Ledger, type Plan } from './ledger.ts';
import { Random } from './random.ts';
import { type Shape, startShape } from './shape.ts';

export interface ChaosOptions extends Pick<ClusterOptions, 'hosts' | 'workers'> {
  /** For how long faults are made, unless they are over before. */
  seconds: number;
  /** Decides on calls and faults. How they fall together is up to the machine. */
  seed: number;
  /** Thirty when absent. */
  clients?: number;
  /** All when absent. */
  blows?: readonly Blow[];
  /** How often each fault comes at most. */
  rounds?: number;
  /** Hears of each fault. */
  tell?(line: string): void;
}

export interface ChaosReport {
  seed: number;
  /** What is wrong; none, when all was kept. */
  problems: string[];
  calls: Map<string, number>;
  faults: Map<string, number>;
  /** Refusals, broken connections and streams that clients saw on the way. */
  seen: Map<string, number>;
  /** What was looked at, and found as it should be unless a problem says otherwise. */
  checked: Map<string, number>;
  /** What each process held at first and in the end. */
  levels: string[];
  /** From the last fault's end until every client had its answer, in milliseconds. */
  settledMs: number;
}

const CLIENTS = 30;
/** For clients, after the faults are over: a webhook's or an activity's next try may be some time away. */
const SETTLE_MS = 180_000;

const WAYS: { by: string; plans: Plan[]; make(world: World, call: Call): Promise<void> }[] = [
  { by: 'a2a-send', plans: ['finish', 'fail'], make: sendAndPoll },
  { by: 'a2a-stream', plans: ['finish', 'fail'], make: follow },
  { by: 'a2a-answer', plans: ['ask'], make: answer },
  { by: 'a2a-cancel', plans: ['wait'], make: cancel },
  { by: 'gateway-sync', plans: ['finish', 'fail'], make: callAndWait },
  { by: 'gateway-async', plans: ['finish', 'fail'], make: callAsync },
  { by: 'gateway-stream', plans: ['finish', 'fail'], make: callAndFollow },
  { by: 'gateway-answer', plans: ['ask'], make: callAndAnswer },
  { by: 'gateway-cancel', plans: ['wait'], make: callAndCancel },
  { by: 'invoke-stream', plans: ['finish', 'fail'], make: invokeAndWatch },
  { by: 'invoke-answer', plans: ['ask'], make: invokeAndAnswer },
  { by: 'invoke-cancel', plans: ['wait'], make: invokeAndCancel },
];

/**
 * Lets clients call through all three surfaces while hosts, workers, Temporal and Postgres are killed, stopped and
 * restarted, and looks at the end whether every promise was kept.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, hosts = 2, workers = 2 } = options;
  const shape = await startShape({ hosts, workers });
  try {
    const before = await withRecord(shape, (record) => levelOf(shape, record));
    const world = { url: shape.balancer.url, webhookUrl: shape.webhook.url, ledger: new Ledger() };
    const worldOf = (client: number, late: AbortSignal): World => ({
      ...world,
      random: new Random(seed * 1_000 + client),
      late,
    });
    const { faults, settledMs } = await callThrough(shape, worldOf, options);
    const { calls, problems, seen } = world.ledger;
    const { checked, after } = await withRecord(shape, async (record) => ({
      checked: await checkAll(shape, worldOf(0, AbortSignal.timeout(SETTLE_MS)), record),
      after: await checkLeaks(shape, record, { ledger: world.ledger, before }),
    }));
    for (const member of [...shape.hosts, ...shape.workers]) problems.push(...member.problems);
    const levels = showLevels(before, after);
    return {
      seed,
      problems,
      calls: count(calls.map(({ by }) => by)),
      faults,
      seen,
      checked,
      levels,
      settledMs,
    };
  } finally {
    await shape.stop();
  }
}

/** Until the faults are over and every client has its answer, or has given up. */
async function callThrough(
  shape: Shape,
  worldOf: (client: number, late: AbortSignal) => World,
  { seconds, seed, clients = CLIENTS, blows = BLOWS, rounds, tell = () => {} }: ChaosOptions,
): Promise<{ faults: Map<string, number>; settledMs: number }> {
  const over = new AbortController();
  const late = new AbortController();
  const { ledger, random } = worldOf(clients + 1, late.signal);
  // A webhook has its own bad days; what it refuses comes again.
  shape.webhook.answer = (...given) => (random.oneIn(5) ? status(503) : ok)(...given);
  // Some calls find everything well, so that there is something to break.
  const calling = Array.from({ length: clients }, (_, index) =>
    callUntil(over.signal, worldOf(index + 1, late.signal)),
  );
  await delay(1_000);
  const signal = AbortSignal.timeout(seconds * 1_000);
  const faults = await makeFaults(shape, {
    random: new Random(seed * 1_000),
    blows,
    rounds,
    signal,
    tell,
    ledger,
  });
  over.abort();
  shape.webhook.answer = ok;
  await Promise.all([...shape.hosts, ...shape.workers].map((member) => member.up()));
  tell('the faults are over');
  const calm = Date.now();
  const patience = setTimeout(() => late.abort(), SETTLE_MS);
  await Promise.all(calling);
  clearTimeout(patience);
  tell('every client has its answer');
  return { faults, settledMs: Date.now() - calm };
}

async function callUntil(over: AbortSignal, world: World): Promise<void> {
  while (!over.aborted) {
    const way = world.random.of(WAYS);
    const call = world.ledger.open(way.by, world.random.of(way.plans), world.random);
    await way.make(world, call).catch((error: Error) => world.ledger.problem(call, error.message));
  }
}

/** A connection of its own to Postgres, which must be up. */
async function withRecord<T>({ ground }: Shape, work: (record: Client) => Promise<T>): Promise<T> {
  const record = new Client({ connectionString: ground.databaseUrl });
  await record.connect();
  try {
    return await work(record);
  } finally {
    await record.end();
  }
}
