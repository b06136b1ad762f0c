import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { removeOld } from './data-life/retention.ts';
import type { GatewayHost } from './gateway-wiring.ts';
import type { Metrics } from './metrics.ts';
import { PrismaAuditLog } from './storage/audit-log.ts';
import type { Bulletin } from './storage/bulletin.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaOldRows, TASKS_REMOVED_TOPIC } from './storage/old-rows.ts';
import { purgeExpired } from './storage/purge.ts';
import type { PrismaTaskStore } from './storage/task-store.ts';
import { type RepairOptions, repair } from './tasks/repair.ts';
import type { HostActivityOptions } from './temporal/host-activities.ts';

export interface SweepParts extends Omit<RepairOptions, 'store'> {
  config: Config;
  db: PrismaClient;
  bulletin: Bulletin;
  store: PrismaTaskStore;
  gateway: Pick<GatewayHost, 'sweep' | 'removeOldReceipts' | 'refreshCards'>;
  metrics: Metrics;
  log: Logger;
}

type Sweeps = 'repair' | 'sweepReceipts' | 'purgeExpired' | 'refreshCards' | 'removeOld';

/** What the schedules run, put together. Every process that keeps tasks in memory hears which are gone. */
export function createSweeps(parts: SweepParts): Pick<HostActivityOptions, Sweeps> {
  const { config, db, bulletin, store, gateway, metrics, log } = parts;
  const forget = () => store.forget();
  bulletin.hear(TASKS_REMOVED_TOPIC, forget, forget);
  const old = { rows: new PrismaOldRows(db), audit: new PrismaAuditLog(db) };
  return {
    repair: async () => {
      const report = await repair(parts);
      metrics.repaired(report);
      if (report.problems.length > 0)
        log.warn({ problems: report.problems }, 'the repair sweep could not repair everything');
      return report;
    },
    sweepReceipts: gateway.sweep,
    purgeExpired: async () => {
      await purgeExpired(db);
      await gateway.removeOldReceipts();
    },
    refreshCards: gateway.refreshCards,
    removeOld: async () => {
      const removed = await removeOld(old, {
        tasksMs: msOf(config.KEEP_TASKS),
        auditMs: msOf(config.KEEP_AUDIT),
      });
      if (removed.tasks + removed.entries > 0) log.info(removed, 'what was older than it is kept is removed');
    },
  };
}

const msOf = (days: number | undefined): number | undefined => days && days * 86_400_000;
