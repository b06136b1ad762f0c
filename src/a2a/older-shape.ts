/** A task by itself in the shape of A2A v0.3. Pure. */
import type { StreamResponse } from '@a2a-js/sdk';
import { V03PushNotificationSerializer } from '@a2a-js/sdk/compat/v0_3/server';
import { replyOf } from '../tasks/state.ts';
import type { Json, Task } from '../tasks/task.ts';
import { replyToWire, taskEvent } from './convert.ts';
import { forOlderReaders } from './dialects.ts';

const serializer = new V03PushNotificationSerializer();

/** With this many of its newest messages; or the plain message that stands in place of a task. */
export function olderShape(task: Task, historyLength: number): Json {
  const reply = replyOf(task);
  const event: StreamResponse =
    reply === undefined
      ? taskEvent(task, { historyLength })
      : { payload: { $case: 'message', value: replyToWire(reply, task) } };
  return forOlderReaders(JSON.parse(serializer.serialize(event).body), '0.3', false) as Json;
}
