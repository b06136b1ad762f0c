/** What the host's own workflows are told by name. */

/** Signal: the task has changed; its webhooks may be behind. */
export const PUSH_CHANGED = 'push.changed';
