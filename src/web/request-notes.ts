import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';

/** What is known of a request in the end, for its line in the log and its metrics. */
export interface RequestNotes {
  /** Whose request it is. */
  caller?: string;
  /** The task that it names or makes; of several the last. */
  taskId?: string;
  /** Failures of ours that it was told of by a reference. */
  internalErrors: number;
}

const current = new AsyncLocalStorage<RequestNotes>();

/**
 * Runs what belongs to a request.
 * @param ended runs what is done when it has ended, in the trace of the request, whatever its connection is for besides.
 */
export function noted<T>(work: (notes: RequestNotes, ended: (last: () => void) => void) => T): T {
  const notes: RequestNotes = { internalErrors: 0 };
  // Not `bind`: it weighs kilobytes a stream.
  const request = new AsyncResource('REQUEST');
  return current.run(notes, () => work(notes, (last) => request.runInAsyncScope(last)));
}

/** Notes something of the request that runs now, if there is one. */
export function note(what: Pick<RequestNotes, 'caller' | 'taskId'>): void {
  const notes = current.getStore();
  if (notes !== undefined) Object.assign(notes, what);
}

/** What a client is told of a failure of ours: an id that the log has, and nothing else. */
export function internalError(error: unknown, log: Pick<Logger, 'error'>, where: object = {}): string {
  const notes = current.getStore();
  if (notes !== undefined) notes.internalErrors += 1;
  const reference = randomUUID();
  log.error({ err: error, reference, ...where }, 'a request failed');
  return `Internal error; reference ${reference}`;
}
