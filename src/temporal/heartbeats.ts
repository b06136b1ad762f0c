import type { Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';

// Sent on by the SDK at most once in four fifths of the timeout.
const EVERY_MS = 2_000;

/**
 * Activities heartbeat by themselves, so that a worker's death is noticed long before their time is up. What
 * the author last said in a heartbeat of their own is said again: a bare one would wipe it out.
 */
export function automaticHeartbeats(context: Context): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      if (context.info.heartbeatTimeoutMs === undefined || context.info.isLocal) return next(input);
      let details: unknown = context.info.heartbeatDetails;
      const send = context.heartbeat.bind(context);
      const heartbeat = (own?: unknown) => {
        details = own;
        send(own);
      };
      Object.defineProperty(context, 'heartbeat', { value: heartbeat });
      const timer = setInterval(() => send(details), EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
