/** What the host's own workflows are told by name, and where their slow steps run. */

/** Signal: the task has changed; its webhooks may be behind. */
export const PUSH_CHANGED = 'push.changed';

/** Webhooks are told, and failing ones tried again, on queues of their own: one that hangs keeps no place from another's work. */
export const PUSH_TASK_QUEUE = 'agent-host-push';
export const PUSH_RETRY_TASK_QUEUE = 'agent-host-push-retries';

/** Asynchronous calls of agents elsewhere wait here for their ends. */
export const CALL_TASK_QUEUE = 'agent-host-calls';
