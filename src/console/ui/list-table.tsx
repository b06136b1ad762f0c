import type { ComponentChildren } from 'preact';
import { Empty, ErrorNote, Loading } from './states.tsx';
import { Table, type TableProps } from './table.tsx';

interface Listed<Row> {
  /** Undefined while nothing has come. */
  rows?: readonly Row[] | undefined;
  state: 'loading' | 'ready' | 'failed';
  error?: unknown;
  reload(): void;
  /** Asks for the next page, if there is one. */
  more?(): void;
}

interface ListTableProps<Row> extends Omit<TableProps<Row>, 'rows' | 'onEnd'> {
  list: Listed<Row>;
  /** Said where there is nothing. */
  none?: string;
  /** What would be there. */
  children?: ComponentChildren;
}

/** A list as it comes: why it does not, that it is on its way, that there is nothing, or its rows. */
export function ListTable<Row>({ list, none, children, ...table }: ListTableProps<Row>) {
  const { rows = [], state, error, reload, more } = list;
  return (
    <>
      {state === 'failed' && <ErrorNote error={error} retry={reload} />}
      {rows.length > 0 && <Table {...table} rows={rows} {...(more && { onEnd: more })} />}
      {rows.length === 0 && state === 'loading' && <Loading />}
      {rows.length === 0 && state === 'ready' && none !== undefined && <Empty title={none}>{children}</Empty>}
    </>
  );
}
