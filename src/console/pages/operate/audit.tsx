import { useState } from 'preact/hooks';
import { useLoaded } from '../../api/load.ts';
import { type AuditEntry, readAudit } from '../../api/operate.ts';
import { route, setQuery } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Filters, Word } from '../../ui/filters.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Moment } from '../../ui/time.tsx';

const words = texts.operate.audit;

const COLUMNS: Column<AuditEntry>[] = [
  { id: 'at', title: words.at, width: '176px', cell: (row) => <Moment at={row.at} /> },
  { id: 'event', title: words.event, width: 'minmax(140px, 1fr)', cell: (row) => <code>{row.event}</code> },
  { id: 'caller', title: words.caller, width: 'minmax(120px, 1fr)', cell: (row) => row.caller },
  { id: 'address', title: words.address, width: '130px', cell: (row) => row.address },
  {
    id: 'detail',
    title: words.detail,
    width: 'minmax(200px, 2fr)',
    cell: (row) =>
      Object.entries(row.detail)
        .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', '),
  },
];

/** Who did what that may have to be answered for. */
export function AuditLog() {
  const { query } = route.value;
  const event = query.get('event') ?? '';
  const caller = query.get('caller') ?? '';
  const [open, setOpen] = useState<AuditEntry>();
  const list = useLoaded((signal) => readAudit(event, caller, signal), [event, caller]);
  return (
    <div class="stack">
      <Filters label={texts.receipts.filters.label}>
        <Word label={words.event} value={event} onChange={(value) => setQuery({ event: value })} />
        <Word label={words.caller} value={caller} onChange={(value) => setQuery({ caller: value })} />
      </Filters>
      <ListTable<AuditEntry>
        list={{ ...list, rows: list.value }}
        label={texts.operate.tabs.audit}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        onOpen={(row) => setOpen(row)}
        none={words.none}
      />
      {open !== undefined && (
        <Dialog title={open.event} onClose={() => setOpen(undefined)}>
          <JsonTree value={open} open={4} />
        </Dialog>
      )}
    </div>
  );
}
