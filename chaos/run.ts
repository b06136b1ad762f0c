import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../test/support/until.ts';
import { checkAll } from './checks.ts';
import { answer, cancel, follow, sendAndPoll } from './clients/a2a.ts';
import type { World } from './clients/ask.ts';
import { callAndWait, callAsync } from './clients/gateway.ts';
import { invokeAndWatch } from './clients/invoke.ts';
import { makeFaults } from './faults.ts';
import { type Call, Ledger, type Plan } from './ledger.ts';
import { Random } from './random.ts';
import { type Shape, startShape } from './shape.ts';

export interface ChaosOptions {
  /** How long faults are made. */
  seconds: number;
  /** Decides on calls and faults. How they fall together is up to the machine. */
  seed: number;
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
  /** From the last fault's end until every client had its answer, in milliseconds. */
  settledMs: number;
}

const CLIENTS = 30;
/** For clients, after the faults are over: a webhook's or an activity's next try may be some time away. */
const SETTLE_MS = 120_000;

const WAYS: { by: string; plans: Plan[]; make(world: World, call: Call): Promise<void> }[] = [
  { by: 'a2a-send', plans: ['finish', 'fail'], make: sendAndPoll },
  { by: 'a2a-stream', plans: ['finish', 'fail'], make: follow },
  { by: 'a2a-answer', plans: ['ask'], make: answer },
  { by: 'a2a-cancel', plans: ['wait'], make: cancel },
  { by: 'gateway-sync', plans: ['finish', 'fail'], make: callAndWait },
  { by: 'gateway-async', plans: ['finish', 'fail'], make: callAsync },
  { by: 'invoke', plans: ['finish', 'fail'], make: invokeAndWatch },
];

/**
 * Lets clients call through all three surfaces while hosts, workers, Temporal and Postgres are killed, stopped and
 * restarted, and looks at the end whether every promise was kept.
 */
export async function runChaos({ seconds, seed, tell = () => {} }: ChaosOptions): Promise<ChaosReport> {
  const shape = await startShape();
  try {
    const ledger = new Ledger();
    const before = await handlesOf(shape);
    let deadline = Number.POSITIVE_INFINITY;
    const over = AbortSignal.timeout(seconds * 1_000);
    const worldOf = (client: number): World => ({
      url: shape.balancer.url,
      webhookUrl: shape.webhook.url,
      ledger,
      random: new Random(seed * 1_000 + client),
      deadline: () => deadline,
    });
    // Some calls find everything well, so that there is something to break.
    const clients = Array.from({ length: CLIENTS }, (_, index) => callUntil(over, worldOf(index + 1)));
    await delay(1_000);
    const faults = await makeFaults(shape, { random: new Random(seed * 1_000), signal: over, tell, ledger });
    await Promise.all([...shape.hosts, ...shape.workers].map((member) => member.up()));
    const calm = Date.now();
    deadline = calm + SETTLE_MS;
    tell('the faults are over');
    await Promise.all(clients);
    const settledMs = Date.now() - calm;
    tell('every client has its answer');
    await checkAll(shape, worldOf(0));
    await checkLeaks(shape, ledger, before);
    for (const member of [...shape.hosts, ...shape.workers]) ledger.problems.push(...member.problems);
    const calls = new Map<string, number>();
    for (const { by } of ledger.calls) calls.set(by, (calls.get(by) ?? 0) + 1);
    return { seed, problems: ledger.problems, calls, faults, seen: ledger.seen, settledMs };
  } finally {
    await shape.stop();
  }
}

async function callUntil(over: AbortSignal, world: World): Promise<void> {
  while (!over.aborted) {
    const way = world.random.of(WAYS);
    const call = world.ledger.open(way.by, world.random.of(way.plans), world.random);
    await way.make(world, call).catch((error: Error) => world.ledger.problem(call, error.message));
  }
}

const handlesOf = async ({ hosts, workers }: Shape): Promise<number[]> =>
  Promise.all([...hosts, ...workers].map((member) => member.handles()));

// Connections that are kept open between requests.
const SPARE_HANDLES = 40;

/** What was opened for calls is closed: streams, and what processes hold. */
async function checkLeaks(shape: Shape, ledger: Ledger, before: number[]): Promise<void> {
  const hosts = await Promise.all(shape.hosts.map((host) => host.up()));
  for (const [index, { url }] of hosts.entries()) {
    const streams = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return /^agent_host_streams 0$/m.test(text) || undefined;
    };
    await until('no stream is open', streams).catch(() =>
      ledger.problems.push(`host ${index + 1} still has streams open`),
    );
  }
  for (const [index, member] of [...shape.hosts, ...shape.workers].entries()) {
    const then = before[index] ?? 0;
    let now = 0;
    const closed = async () => {
      now = await member.handles();
      return now <= then + SPARE_HANDLES || undefined;
    };
    // What nobody uses any more is kept open for a while.
    await until('handles are closed', closed, 90_000).catch(() =>
      ledger.problems.push(`${member.name} has ${now} handles open, and had ${then} at first`),
    );
  }
}
