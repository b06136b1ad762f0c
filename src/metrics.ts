import { setTimeout as delay } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Backlog } from './storage/backlog.ts';
import { REPAIR_KINDS, type RepairReport } from './tasks/repair.ts';

const REFUSED = ['request', 'stream', 'task'] as const;
/** Those that do work; `none`: before it was known. */
const SURFACES = ['a2a', 'gateway', 'invoke', 'mcp', 'grpc', 'admin', 'none'] as const;
const SWEPT = ['settled', 'verified', 'failed', 'put_off', 'problem'] as const;

export interface Metrics {
  registry: Registry;
  /** What the repair sweep did, by kind. */
  repaired(report: RepairReport): void;
  /** What the receipt sweep did: receipts made final, verified, failed, put off, and problems. */
  receiptsSwept(counts: Record<(typeof SWEPT)[number], number>): void;
  /** A change is in the record, so long after its workflow made it. */
  recorded(lagMs: number): void;
  /** A change is at the streams of this process, so long after it was recorded. */
  fed(lagMs: number): void;
  /** An activity begins, so long after it was to. */
  begun(taskQueue: string, waitedMs: number): void;
  /** A call was refused by policy. */
  refused(code: string): void;
  /** A request was answered; streams are not counted, for they end when their readers like. */
  answered(request: { surface: string; status: number }, ms: number): void;
  /** Clients were told of failures of ours. */
  failed(surface: string, count: number): void;
}

export interface MetricSources {
  /** What this process takes at once; undefined in a worker, which is asked nothing. */
  capacity:
    | { working: number; waiting: number; refused: Record<(typeof REFUSED)[number], number> }
    | undefined;
  streams(): number;
  stuck(): Promise<number>;
  push(): Promise<{ failing: number; undelivered: number }>;
  backlog(): Promise<Backlog>;
}

const LAGS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** What `/metrics` shows. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  showState(registry, sources);
  showCapacity(registry, sources);
  showBacklog(registry, sources);
  const registers = [registry];
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Histogram({ name: `agent_host_${name}`, help, labelNames, buckets: LAGS, registers });
  const recordLag = histogram('record_lag_seconds', 'From a change of a workflow to its record', []);
  const feedLag = histogram('feed_lag_seconds', 'From the record of a change to the streams open here', []);
  const waits = histogram('activity_wait_seconds', 'From when an activity could begin until it did', [
    'task_queue',
  ]);
  const requests = histogram('http_request_seconds', 'Requests answered, but for streams', [
    'surface',
    'status',
  ]);
  const counter = (name: string, help: string, label: string, known: readonly string[]) => {
    const made = new Counter({ name: `agent_host_${name}`, help, labelNames: [label], registers });
    for (const value of known) made.inc({ [label]: value }, 0);
    return made;
  };
  const repairs = counter('repairs_total', 'Gaps the repair sweep found, by what became of them', 'kind', [
    ...REPAIR_KINDS,
    'problem',
  ]);
  const swept = counter(
    'receipts_swept_total',
    'Receipts the sweep made final or verified, by what became of them',
    'kind',
    SWEPT,
  );
  const refusals = counter('policy_refusals_total', 'Calls refused by policy', 'code', []);
  const internalErrors = counter(
    'internal_errors_total',
    'Failures of the host’s own that clients were told of by a reference',
    'surface',
    SURFACES,
  );
  return {
    registry,
    receiptsSwept(counts) {
      for (const kind of SWEPT) swept.inc({ kind }, counts[kind]);
    },
    repaired(report) {
      for (const kind of REPAIR_KINDS) repairs.inc({ kind }, report[kind]);
      repairs.inc({ kind: 'problem' }, report.problems.length);
    },
    recorded: (lagMs) => recordLag.observe(positive(lagMs)),
    fed: (lagMs) => feedLag.observe(positive(lagMs)),
    begun: (task_queue, waitedMs) => waits.observe({ task_queue }, positive(waitedMs)),
    refused: (code) => refusals.inc({ code }),
    failed: (surface, count) => internalErrors.inc({ surface }, count),
    answered: ({ surface, status }, ms) =>
      requests.observe({ surface, status: `${Math.floor(status / 100)}xx` }, positive(ms)),
  };
}

/** Seconds; two clocks may differ, and no time is negative. */
const positive = (ms: number): number => Math.max(0, ms) / 1_000;

function showState(registry: Registry, { streams, stuck, push }: MetricSources): void {
  const registers = [registry];
  new Gauge({
    name: 'agent_host_streams',
    help: 'Task subscriptions open in this process',
    registers,
    collect() {
      this.set(streams());
    },
  });
  new Gauge({
    name: 'agent_host_stuck_tasks',
    help: 'Open tasks whose workflow cannot go on until its operator mends it',
    registers,
    async collect() {
      // Without the record there is no number to tell, and the other metrics are still wanted.
      this.set((await soon(stuck)) ?? Number.NaN);
    },
  });
  new Gauge({
    name: 'agent_host_push_configs',
    help: 'Webhooks that fail and are tried again, and webhooks given up before they were told everything',
    labelNames: ['state'],
    registers,
    async collect() {
      const { failing, undelivered } = (await soon(push)) ?? {
        failing: Number.NaN,
        undelivered: Number.NaN,
      };
      this.set({ state: 'failing' }, failing);
      this.set({ state: 'undelivered' }, undelivered);
    },
  });
}

function showCapacity(registry: Registry, { capacity }: MetricSources): void {
  if (capacity === undefined) return;
  const registers = [registry];
  new Gauge({
    name: 'agent_host_requests',
    help: 'Requests that this process works on, and streams and requests that wait',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'working' }, capacity.working);
      this.set({ state: 'waiting' }, capacity.waiting);
    },
  });
  new Counter({
    name: 'agent_host_capacity_refusals_total',
    help: 'Requests, streams and new tasks refused because there was as much to do as can be done',
    labelNames: ['of'],
    registers,
    collect() {
      this.reset();
      for (const of of REFUSED) this.inc({ of }, capacity.refused[of]);
    },
  });
}

function showBacklog(registry: Registry, { backlog }: MetricSources): void {
  const registers = [registry];
  const look = lookOnce(backlog);
  const ofTasks = (name: string, help: string, value: (task: Backlog['tasks'][number]) => number) =>
    new Gauge({
      name: `agent_host_${name}`,
      help,
      labelNames: ['agent', 'state'],
      registers,
      async collect() {
        const found = await look();
        // What is no more must not be shown as it was.
        this.reset();
        for (const task of found?.tasks ?? []) {
          this.set({ agent: task.agent, state: task.state }, value(task));
        }
      },
    });
  ofTasks('open_tasks', 'Tasks that have not ended', ({ count }) => count);
  ofTasks(
    'oldest_task_seconds',
    'For how long the task that waits longest has been in its state',
    ({ oldestAt }) => positive(Date.now() - oldestAt),
  );
  new Gauge({
    name: 'agent_host_receipts_overdue_seconds',
    help: 'For how long the verifier has been due to look at the receipt that has waited longest',
    registers,
    async collect() {
      this.set((await look())?.receipts.overdueSeconds ?? Number.NaN);
    },
  });
  new Gauge({
    name: 'agent_host_receipts',
    help: 'Receipts that are not final (running), or not verified yet (pending)',
    labelNames: ['state'],
    registers,
    async collect() {
      const found = await look();
      for (const state of ['running', 'pending'] as const) {
        this.set({ state }, found?.receipts[state] ?? Number.NaN);
      }
    },
  });
}

/** A scrape that outlasts its reader's patience shows nothing at all, not even that the record is away. */
const READ_MS = 3_000;

/** What is read, or undefined when it does not come in time. */
function soon<T>(read: () => Promise<T>): Promise<T | undefined> {
  const late = delay(READ_MS, undefined, { ref: false });
  return Promise.race([read().catch(() => undefined), late]);
}

/** One look for all that is shown of it at once, and for who asks within `keepMs` of it; undefined when it takes too long. */
export function lookOnce<T>(look: () => Promise<T>, keepMs = 0): () => Promise<T | undefined> {
  let last: { found: Promise<T | undefined>; at: number; over: boolean } | undefined;
  return () => {
    if (last === undefined || (last.over && performance.now() - last.at > keepMs)) {
      const now = { found: soon(look), at: performance.now(), over: false };
      void now.found.then(() => {
        now.over = true;
      });
      last = now;
    }
    return last.found;
  };
}
