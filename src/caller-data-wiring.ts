import type { Router } from 'express';
import type { Logger } from 'pino';
import type { AgentCatalog } from './agents/catalog.ts';
import type { AuditLog } from './auth/audit.ts';
import { HostError } from './errors.ts';
import { callerDataRoutes } from './gateway/caller-data-routes.ts';
import { PrismaCallerData } from './storage/caller-data.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import type { TaskService } from './tasks/service.ts';

export interface CallerDataParts {
  db: PrismaClient;
  tasks: TaskService;
  catalog: AgentCatalog;
  audit: AuditLog;
  log: Logger;
}

/** Export and erasure of one caller, put together. */
export function callerDataRouter({ db, tasks, catalog, audit, log }: CallerDataParts): Router {
  return callerDataRoutes({
    data: new PrismaCallerData(db),
    audit,
    cancel: async ({ caller: owner, ...task }, signal) => {
      const agent = catalog.get(task.agentCode)?.definition;
      try {
        await tasks.cancel({ owner, ...task }, agent, signal);
      } catch (error) {
        if (!(error instanceof HostError && PASSED.has(error.code))) {
          // What never began of an agent that is gone has no workflow to cancel: it is told as what is left.
          if (agent === undefined) return;
          throw error;
        }
      }
    },
    log,
  });
}

/** It has ended meanwhile, or is answered without a task. */
const PASSED: ReadonlySet<string> = new Set(['task_not_found', 'task_not_cancelable']);
