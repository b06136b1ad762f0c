import { useState } from 'preact/hooks';
import type { Receipt } from '../../../receipts/receipt.ts';
import { usePages } from '../../api/pages.ts';
import { listReceipts } from '../../api/receipts.ts';
import { navigate, route, setQuery } from '../../app/router.ts';
import { may } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Choice, Filters, Word } from '../../ui/filters.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import type { Column } from '../../ui/table.tsx';
import { duration, Moment } from '../../ui/time.tsx';
import { ReceiptStatus, ReceiptVerification } from './badges.tsx';
import { ExportDialog } from './export.tsx';

const words = texts.receipts;

export const tookOf = ({ started_at, completed_at }: Receipt): string =>
  completed_at === undefined ? '' : duration(Date.parse(completed_at) - Date.parse(started_at));

const COLUMNS: Column<Receipt>[] = [
  { id: 'agent', title: words.columns.agent, width: 'minmax(140px, 1.4fr)', cell: (row) => row.agent_id },
  { id: 'status', title: words.columns.status, width: '120px', cell: (row) => <ReceiptStatus {...row} /> },
  {
    id: 'verification',
    title: words.columns.verification,
    width: '130px',
    cell: (row) => <ReceiptVerification {...row} />,
  },
  {
    id: 'policy',
    title: words.columns.policy,
    width: 'minmax(130px, 1fr)',
    cell: ({ policy }) =>
      policy.decision === 'allow' ? (
        <span class="quiet">{words.allowed}</span>
      ) : (
        <code title={policy.message}>{policy.code}</code>
      ),
  },
  {
    id: 'started',
    title: words.columns.started,
    width: '176px',
    cell: (row) => <Moment at={row.started_at} />,
  },
  { id: 'caller', title: words.columns.caller, width: 'minmax(110px, 1fr)', cell: (row) => row.caller },
  { id: 'took', title: words.columns.took, width: '90px', align: 'end', cell: tookOf },
  { id: 'cost', title: words.columns.cost, width: '70px', align: 'end', cell: (row) => row.cost_units },
];

const NAMES = ['agent_id', 'provider_id', 'status', 'verification', 'invoke_mode'] as const;
type Name = (typeof NAMES)[number];

export function ReceiptList() {
  const { query } = route.value;
  const given = (name: Name) => query.get(name) ?? '';
  const filters = Object.fromEntries(NAMES.map((name) => [name, given(name)]));
  const [exporting, setExporting] = useState(false);
  const list = usePages<Receipt>(async (cursor, signal) => {
    const page = await listReceipts(filters, cursor, signal);
    return { rows: page.receipts, next: page.next_cursor };
  }, NAMES.map(given));
  const set = (name: Name) => (value: string) => setQuery({ [name]: value });
  return (
    <div class="page">
      <PageHead title={words.title} about={words.about}>
        {may('admin') && (
          <button type="button" class="button" onClick={() => setExporting(true)}>
            {words.export.open}
          </button>
        )}
      </PageHead>
      <Filters label={words.filters.label}>
        <Word label={words.filters.agent} value={given('agent_id')} onChange={set('agent_id')} />
        <Word label={words.filters.provider} value={given('provider_id')} onChange={set('provider_id')} />
        <Choice
          label={words.filters.status}
          any={words.filters.any}
          value={given('status')}
          options={Object.entries(words.status)}
          onChange={set('status')}
        />
        <Choice
          label={words.filters.verification}
          any={words.filters.any}
          value={given('verification')}
          options={Object.entries(words.verification)}
          onChange={set('verification')}
        />
        <Choice
          label={words.filters.mode}
          any={words.filters.any}
          value={given('invoke_mode')}
          options={Object.entries(words.mode)}
          onChange={set('invoke_mode')}
        />
      </Filters>
      <ListTable
        list={list}
        label={words.list}
        columns={COLUMNS}
        keyOf={(row) => row.receipt_id}
        onOpen={(row) => navigate(['receipts', row.receipt_id])}
        none={words.none}
      >
        <p>{words.noneHint}</p>
      </ListTable>
      {exporting && <ExportDialog onClose={() => setExporting(false)} />}
    </div>
  );
}
