import type { Router } from 'express';
import type { Logger } from 'pino';
import type { AgentCatalog } from './agents/catalog.ts';
import { callerOf } from './auth/guard.ts';
import type { Config } from './config.ts';
import { type OverviewRoutesOptions, overviewRoutes } from './gateway/overview-routes.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaStatistics } from './storage/statistics.ts';
import { PrismaTaskOverview } from './storage/task-overview.ts';
import { type TaskNews, TaskOverview } from './tasks/overview.ts';

export interface OverviewParts extends Pick<OverviewRoutesOptions, 'receipts' | 'requests' | 'streams'> {
  config: Config;
  db: PrismaClient;
  catalog: AgentCatalog;
  news: TaskNews;
  /** Why agents are not called; undefined for those that are. */
  refusals(): Promise<(code: string) => string | undefined>;
  log: Logger;
}

/** Many tasks at a glance, put together. */
export function overviewRouter({ config, db, catalog, news, refusals, ...rest }: OverviewParts): Router {
  return overviewRoutes({
    ...rest,
    overview: new TaskOverview({ store: new PrismaTaskOverview(db), news }),
    statistics: new PrismaStatistics(db),
    unseen: async (req) => {
      const refusalOf = await refusals();
      const refused = catalog.all().filter(({ definition }) => refusalOf(definition.code));
      return [...catalog.hiddenFrom(callerOf(req)), ...refused.map(({ definition }) => definition.code)];
    },
    workflowUrl: temporalUi(config),
  });
}

/** In Temporal's own UI. */
function temporalUi({ TEMPORAL_UI_URL, TEMPORAL_NAMESPACE }: Config): OverviewRoutesOptions['workflowUrl'] {
  return (workflowId, runId) => {
    if (TEMPORAL_UI_URL === undefined) return undefined;
    const run = runId === undefined ? [] : [runId, 'history'];
    const path = ['namespaces', TEMPORAL_NAMESPACE, 'workflows', workflowId, ...run];
    return `${TEMPORAL_UI_URL.replace(/\/+$/, '')}/${path.map(encodeURIComponent).join('/')}`;
  };
}
