import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { describeFailure, isKept } from '../workflow-kit/failures.ts';
import { checkSize, MAX_STEP_BYTES } from '../workflow-kit/sizes.ts';

/**
 * An activity's result or error that Temporal would not take becomes a failure that says so. Without it the worker
 * could report neither, and the activity would be run again and again.
 */
export function activityLimits(context: Context): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const result = await next(input).catch((error: unknown) => {
        throw isKept(error) ? error : shortened(error);
      });
      checkSize(`What ${context.info.activityType} returned`, result, MAX_STEP_BYTES);
      return result;
    },
  };
}

function shortened(error: unknown): ApplicationFailure {
  const { name } = error instanceof Error ? error : { name: 'Error' };
  return ApplicationFailure.create({
    message: describeFailure(error),
    type: (error instanceof ApplicationFailure && error.type) || name,
    nonRetryable: error instanceof ApplicationFailure && error.nonRetryable === true,
  });
}
