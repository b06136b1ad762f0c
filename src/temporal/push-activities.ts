import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { PushDelivery } from '../push/delivery.ts';

export interface PushActivities {
  deliverPush(taskId: string): Promise<void>;
  retryPush(key: string): Promise<void>;
}

export const createPushActivities = (push: Pick<PushDelivery, 'deliver' | 'retry'>): PushActivities => ({
  deliverPush: (taskId) => push.deliver(taskId, Context.current().cancellationSignal),
  retryPush: async (key) => {
    const nextRetryDelay = await push.retry(key, Context.current().cancellationSignal);
    // When it is tried again is for Temporal to remember.
    if (nextRetryDelay !== undefined) {
      throw ApplicationFailure.create({
        message: 'The webhook took nothing',
        type: 'PushFailed',
        nextRetryDelay,
      });
    }
  },
});
