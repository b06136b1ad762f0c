import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { REPAIR_KINDS, type RepairReport } from './tasks/repair.ts';

const SWEPT = ['settled', 'verified', 'failed', 'put_off', 'problem'] as const;

export interface Metrics {
  registry: Registry;
  /** What the repair sweep did, by kind. */
  repaired(report: RepairReport): void;
  /** What the receipt sweep did: receipts made final, verified, failed, put off, and problems. */
  receiptsSwept(counts: Record<(typeof SWEPT)[number], number>): void;
}

/** What `/metrics` shows. */
export function createMetrics(sources: {
  streams(): number;
  stuck(): Promise<number>;
  push(): Promise<{ failing: number; undelivered: number }>;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'agent_host_streams',
    help: 'Task subscriptions open in this process',
    registers: [registry],
    collect() {
      this.set(sources.streams());
    },
  });
  new Gauge({
    name: 'agent_host_stuck_tasks',
    help: 'Open tasks whose workflow cannot go on until its operator mends it',
    registers: [registry],
    async collect() {
      // Without the record there is no number to tell, and the other metrics are still wanted.
      this.set(await sources.stuck().catch(() => Number.NaN));
    },
  });
  new Gauge({
    name: 'agent_host_push_configs',
    help: 'Webhooks that fail and are tried again, and webhooks given up before they were told everything',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const { failing, undelivered } = await sources
        .push()
        .catch(() => ({ failing: Number.NaN, undelivered: Number.NaN }));
      this.set({ state: 'failing' }, failing);
      this.set({ state: 'undelivered' }, undelivered);
    },
  });
  const repairs = new Counter({
    name: 'agent_host_repairs_total',
    help: 'Gaps the repair sweep found, by what became of them',
    labelNames: ['kind'],
    registers: [registry],
  });
  for (const kind of [...REPAIR_KINDS, 'problem']) repairs.inc({ kind }, 0);
  const swept = new Counter({
    name: 'agent_host_receipts_swept_total',
    help: 'Receipts the sweep made final or verified, by what became of them',
    labelNames: ['kind'],
    registers: [registry],
  });
  for (const kind of SWEPT) swept.inc({ kind }, 0);
  return {
    registry,
    receiptsSwept(counts) {
      for (const kind of SWEPT) swept.inc({ kind }, counts[kind]);
    },
    repaired(report) {
      for (const kind of REPAIR_KINDS) repairs.inc({ kind }, report[kind]);
      repairs.inc({ kind: 'problem' }, report.problems.length);
    },
  };
}
