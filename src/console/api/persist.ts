import { ApiError } from './api-error.ts';

/** What was lost, while it is waited for. */
export interface Lost {
  /** What was said against it; undefined where a connection merely ended. */
  error: unknown;
  /** When it is tried again. */
  afterMs: number;
  /** Tries it at once. */
  now(): void;
}

export interface Persisting {
  signal: AbortSignal;
  /** Told when it is lost, and with undefined when it is there. */
  onConnection(lost: Lost | undefined): void;
}

const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** Nothing answered, a limit was met, or the host or a proxy before it cannot answer just now. */
export const PASSING: readonly number[] = [0, 429, 502, 503, 504];

/** Whether the same may be answered in a while. */
export const passes = (error: unknown): boolean =>
  error instanceof ApiError && PASSING.includes(error.status);

/** How long to wait after so many failures in a row: as the host says where it does, or longer each time. */
export function pauseAfter(failures: number, error: unknown): number {
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
  return asked ?? PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0;
}

/**
 * Does it again until it is done or `signal` aborts: when it ended before that, or failed in a way that passes.
 * @param attempt tells by `live` that it is connected; resolves with whether it is done.
 * @throws what does not pass.
 */
export async function persist(
  attempt: (live: () => void) => Promise<boolean>,
  { signal, onConnection }: Persisting,
): Promise<void> {
  let failures = 0;
  const live = () => {
    failures = 0;
    if (!signal.aborted) onConnection(undefined);
  };
  while (!signal.aborted) {
    let error: unknown;
    try {
      if (await attempt(live)) return;
    } catch (failure) {
      error = failure;
    }
    if (signal.aborted) return;
    if (error !== undefined && !passes(error)) throw error;
    const afterMs = pauseAfter(failures, error);
    failures += 1;
    await new Promise<void>((now) => {
      const atOnce = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', atOnce);
        now();
      };
      const timer = setTimeout(atOnce, afterMs);
      signal.addEventListener('abort', atOnce);
      onConnection({ error, afterMs, now: atOnce });
    });
  }
}
