import { type ActivityInterface, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import { checkSize, MAX_STEP_BYTES } from './sizes.ts';

/**
 * An author's activities, callable from workflow code. They heartbeat by themselves every 2 s, so a
 * worker's death is noticed within `heartbeatTimeout` (5 s) whatever `startToCloseTimeout` (10 min) is.
 * A call fails at once when its arguments together, or its result, are more than 1.9 MB of JSON.
 */
export function activities<A extends ActivityInterface>(
  options: ActivityOptions = {},
): ReturnType<typeof proxyActivities<A>> {
  const proxy = proxyActivities<A>({
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '5 seconds',
    ...options,
  });
  return new Proxy(proxy, {
    get: (target, name) => measured(String(name), Reflect.get(target, name) as Step),
  });
}

type Step = ((...args: unknown[]) => Promise<unknown>) & {
  executeWithOptions(options: ActivityOptions, args: unknown[]): Promise<unknown>;
};

/** Not async functions: one more turn of the event loop could change the order of an older task's commands. */
function measured(name: string, step: Step): Step {
  const check = (args: unknown[]) => checkSize(`The arguments of ${name}`, args, MAX_STEP_BYTES);
  const run = (...args: unknown[]) => rejecting(check, args) ?? step(...args);
  return Object.assign(run, {
    executeWithOptions: (options: ActivityOptions, args: unknown[]) =>
      rejecting(check, args) ?? step.executeWithOptions(options, args),
  });
}

function rejecting(check: (args: unknown[]) => void, args: unknown[]): Promise<never> | undefined {
  try {
    check(args);
    return undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}
