import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** What is meant to be so: an author's failures, and a worker that only watches. */
const QUIET = new Set([
  'Workflow failed',
  'Activity failed',
  'No workflows registered, not polling for workflow tasks',
]);

/** Once a process, before its first connection: Temporal logs to ours, and leaves signals to the host. */
export function installRuntime(log: Logger): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      const { error, ...fields } = meta ?? {};
      // An author's workflow that ends as failed is that author's way of saying so, not this process's trouble.
      const quiet = QUIET.has(message);
      log[quiet ? 'info' : LEVELS[level]]({ ...fields, err: error }, message);
    }),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
    },
  });
}
