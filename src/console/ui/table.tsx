import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

export interface Column<Row> {
  id: string;
  title: string;
  /** A track of CSS grid. */
  width: string;
  align?: 'end';
  cell(row: Row): ComponentChildren;
}

export interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** Opens a row: by a click, or by Enter where the arrow keys have led. */
  onOpen?(row: Row): void;
  /** Called when the last rows come into sight: for pages that follow. */
  onEnd?(): void;
  /** Pixels. */
  rowHeight?: number;
  maxHeight?: string;
}

const ROW = 44;
/** Rows kept in the page above and below what is seen. */
const MARGIN = 8;

/** A table of any length: only the rows in sight are in the page. One stop for the Tab key; inside, the arrow keys. */
export function Table<Row>({ rowHeight = ROW, maxHeight = '70vh', ...props }: TableProps<Row>) {
  const { label, columns, rows, keyOf, onOpen, onEnd } = props;
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const { first, last } = useSight(box, { count: rows.length, rowHeight });
  const [active, setActive] = useState(-1);

  useEffect(() => {
    if (onEnd !== undefined && rows.length > 0 && last >= rows.length) onEnd();
  }, [last, rows.length, onEnd]);

  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[active];
    const next = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === 'Enter' && row !== undefined && event.target === box.current) onOpen?.(row);
    else if (next !== undefined) moveTo(Math.max(0, Math.min(rows.length - 1, next)));
    else return;
    event.preventDefault();
  };
  const moveTo = (at: number) => {
    setActive(at);
    const element = box.current;
    if (element === null) return;
    const top = at * rowHeight;
    const room = element.clientHeight - 2 * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
  };

  return (
    <div
      ref={box}
      class="table"
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={active >= first && active < last ? `${id}-${active}` : undefined}
      tabIndex={0}
      style={{ '--columns': columns.map(({ width }) => width).join(' '), maxHeight }}
      onKeyDown={onKeyDown}
    >
      <div class="table-head" role="row" aria-rowindex={1} tabIndex={-1}>
        {columns.map((column) => (
          <div key={column.id} role="columnheader" tabIndex={-1} class={column.align}>
            {column.title}
          </div>
        ))}
      </div>
      <div class="table-body" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(first, last).map((row, offset) => {
          const at = first + offset;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes Enter for its rows.
            <div
              key={keyOf(row)}
              id={`${id}-${at}`}
              class={`table-row${at === active ? ' active' : ''}${onOpen ? ' opens' : ''}`}
              role="row"
              tabIndex={-1}
              aria-rowindex={at + 2}
              style={{ height: `${rowHeight}px`, transform: `translateY(${at * rowHeight}px)` }}
              onClick={() => onOpen?.(row)}
            >
              {columns.map((column) => (
                <div key={column.id} role="gridcell" tabIndex={-1} class={column.align}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Which rows are in sight, with a margin. */
function useSight(
  box: { current: HTMLElement | null },
  { count, rowHeight }: { count: number; rowHeight: number },
): { first: number; last: number } {
  const [view, setView] = useState({ top: 0, height: 800 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let frame = 0;
    const measure = () => {
      frame = 0;
      setView({ top: element.scrollTop, height: element.clientHeight });
    };
    const soon = () => {
      frame ||= requestAnimationFrame(measure);
    };
    const resized = new ResizeObserver(soon);
    resized.observe(element);
    element.addEventListener('scroll', soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      resized.disconnect();
      element.removeEventListener('scroll', soon);
    };
  }, [box]);
  const first = Math.max(0, Math.min(Math.floor(view.top / rowHeight), count) - MARGIN);
  return { first, last: Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + MARGIN) };
}
