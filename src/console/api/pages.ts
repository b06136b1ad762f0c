import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** A list that comes by pages, as far as it was asked for. */
export interface Paged<Row> {
  rows: Row[];
  state: 'loading' | 'ready' | 'failed';
  error?: unknown;
  /** Asks for the next page, if there is one. */
  more(): void;
  /** Begins anew. */
  reload(): void;
  /** Puts other rows in place. */
  change(turn: (rows: Row[]) => Row[]): void;
}

interface Page<Row> {
  rows: Row[];
  next: string | null;
}

type Load<Row> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>;

/** Loads the first page, and again whenever one of `inputs` changes; the others as they are asked for, one at a time. */
export function usePages<Row>(load: Load<Row>, inputs: readonly unknown[]): Paged<Row> {
  const [rows, setRows] = useState<Row[]>([]);
  const [state, setState] = useState<Paged<Row>['state']>('loading');
  const [error, setError] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const next = useRef<string | null>(null);
  const asking = useRef<AbortController | undefined>(undefined);

  const fetchPage = useCallback((cursor: string | undefined) => {
    const control = new AbortController();
    asking.current?.abort();
    asking.current = control;
    setState('loading');
    latest.current(cursor, control.signal).then(
      (page) => {
        if (control.signal.aborted) return;
        asking.current = undefined;
        next.current = page.next;
        setRows((before) => (cursor === undefined ? page.rows : [...before, ...page.rows]));
        setState('ready');
      },
      (problem: unknown) => {
        if (control.signal.aborted) return;
        asking.current = undefined;
        setError(problem);
        setState('failed');
      },
    );
  }, []);

  useEffect(() => {
    next.current = null;
    fetchPage(undefined);
    return () => asking.current?.abort();
  }, [...inputs, turn]);

  const more = useCallback(() => {
    if (next.current !== null && asking.current === undefined) fetchPage(next.current);
  }, [fetchPage]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  return { rows, state, error, more, reload, change: setRows };
}
