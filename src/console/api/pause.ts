const PAUSES_MS = [500, 1_000, 2_000, 5_000];

/** Waits before something that was lost is tried again, longer each time; no longer than until `signal` aborts. */
export const pauseBefore = (tries: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
