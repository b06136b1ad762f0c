import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export type Loaded<T> =
  | { state: 'loading'; value?: T }
  | { state: 'ready'; value: T }
  | { state: 'failed'; error: unknown; value?: T };

/**
 * What is loaded, and again whenever one of `inputs` changes. What was there before stays to be shown meanwhile; an
 * answer that comes after a newer question is let go.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: readonly unknown[],
): Loaded<T> & { reload(): void } {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const control = new AbortController();
    setLoaded((before) => ({
      state: 'loading',
      ...(before.value === undefined ? {} : { value: before.value }),
    }));
    latest.current(control.signal).then(
      (value) => !control.signal.aborted && setLoaded({ state: 'ready', value }),
      (error: unknown) => {
        if (!control.signal.aborted) {
          setLoaded((before) => ({
            state: 'failed',
            error,
            ...(before.value === undefined ? {} : { value: before.value }),
          }));
        }
      },
    );
    return () => control.abort();
  }, [...inputs, turn]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  return { ...loaded, reload };
}
