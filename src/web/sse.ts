import { once } from 'node:events';
import { formatSSEErrorEvent, formatSSEEvent, SSE_HEADERS } from '@a2a-js/sdk';
import type { Response } from 'express';

const KEEP_ALIVE_MS = 15_000;

/**
 * Writes events as they come, no faster than the client reads, with a comment every 15 s so that nothing on
 * the way takes the stream for dead. A failure on the way is one last `error` event.
 * @param first the first event, where it was looked at; undefined when the stream is to be open before it comes.
 */
export async function writeEvents(
  res: Response,
  events: AsyncIterator<unknown>,
  first: IteratorResult<unknown> | undefined,
  onError: (error: unknown) => unknown,
  write: (event: unknown) => string = formatSSEEvent,
): Promise<void> {
  for (const [name, value] of Object.entries(SSE_HEADERS)) res.setHeader(name, value);
  res.flushHeaders();
  // RFC 9110 §9.3.2: nothing more is to come, and the connection waits for its end.
  if (res.req.method === 'HEAD') {
    res.end();
    await events.return?.();
    return;
  }
  const keepAlive = setInterval(() => res.write(': keep-alive\n\n'), KEEP_ALIVE_MS).unref();
  try {
    for (
      let next = first ?? (await events.next());
      !next.done && !res.destroyed;
      next = await events.next()
    ) {
      if (!res.write(write(next.value))) await drained(res);
    }
  } catch (error) {
    if (!res.destroyed) res.write(formatSSEErrorEvent(onError(error)));
  } finally {
    clearInterval(keepAlive);
    await events.return?.();
    res.end();
  }
}

/** Disposes of it once the response is closed, also of one that is closed already. */
export function whenClosed(res: Response, open: Disposable): void {
  const dispose = () => open[Symbol.dispose]();
  if (res.closed) dispose();
  else res.once('close', dispose);
}

async function drained(res: Response): Promise<void> {
  if (res.destroyed) return;
  const controller = new AbortController();
  try {
    await Promise.race([
      once(res, 'drain', { signal: controller.signal }),
      once(res, 'close', { signal: controller.signal }),
    ]);
  } finally {
    controller.abort();
  }
}
