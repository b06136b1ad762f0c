/** Tasks as they are shown while a message is recorded and its workflow has not taken it yet. */
import { randomUUID } from 'node:crypto';
import { HostError } from '../errors.ts';
import type { Message, Task } from './task.ts';

/** The task with a message that is on its way: it no longer waits, and what comes of it is news. */
export const saying = (message: Message, task: Task): Task => ({
  ...task,
  status: { state: 'submitted', at: task.status.at },
  history: task.history.some(({ messageId, role }) => role === 'user' && messageId === message.messageId)
    ? task.history
    : [...task.history, message],
});

/** A task whose message waits for the engine says so. */
export const awaitingEngine = (task: Task): Task => ({
  ...task,
  status: {
    state: 'submitted',
    message: {
      messageId: randomUUID(),
      role: 'agent',
      parts: [{ text: 'Accepted. It goes on as soon as the workflow engine can be reached again.' }],
    },
    at: task.status.at,
  },
});

/** What the engine said: what is recorded already is made up for, so an outage is not the caller's failure. */
export async function reached<T>(work: Promise<T>): Promise<T | 'away'> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HostError && error.code === 'unavailable') return 'away';
    throw error;
  }
}
