/** Runs work that may wait, no longer than `waitMs`, as long as it may when undefined, and until `signal` aborts. */
export async function within<T>(
  { signal, waitMs }: { signal: AbortSignal; waitMs: number | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (waitMs === undefined) return work(signal);
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = setTimeout(stop, waitMs);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
