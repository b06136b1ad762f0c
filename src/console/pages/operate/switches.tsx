import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useLoaded } from '../../api/load.ts';
import {
  type Agent,
  listAgents,
  listProviders,
  type Provider,
  type Subject,
  type Turn,
  turn,
} from '../../api/operate.ts';
import { usePages } from '../../api/pages.ts';
import { texts } from '../../texts.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Moment } from '../../ui/time.tsx';
import { AddProvider } from './add-provider.tsx';
import { ReasonDialog } from './reason-dialog.tsx';

const words = texts.operate;

type Status = Agent['status'];

const TONES: Record<Status, Tone> = { active: 'ok', blocked: 'warn', revoked: 'bad', draining: 'idle' };

const StatusBadge = ({ status }: { status: Status }) => (
  <Badge tone={TONES[status]}>{words.status[status]}</Badge>
);

interface Turning {
  subject: Subject;
  change: Turn;
}

type Ask = (turning: Turning) => void;

/** Buttons for what may be done to it as it is. */
function Turns({ subject, status, ask }: { subject: Subject; status: Status; ask: Ask }) {
  if (status === 'revoked') return null;
  const changes: Turn[] = [status === 'blocked' ? 'unblock' : 'block'];
  if (subject.of === 'providers') changes.push('revoke');
  return (
    <span class="row turns">
      {changes.map((change) => (
        <button
          // The same button turns it back, and has the focus when the dialog is closed.
          key={change === 'revoke' ? 'revoke' : 'turn'}
          type="button"
          class={`button tiny${change === 'revoke' ? ' danger' : ''}`}
          aria-label={`${words.turns[change]} ${subject.id}`}
          onClick={() => ask({ subject, change })}
        >
          {words.turns[change]}
        </button>
      ))}
    </span>
  );
}

/** The switch and what turns it, the last columns of a list. */
const switchColumns = <Row extends { status: Status }>(
  subjectOf: (row: Row) => Subject,
  ask: Ask,
  width: string,
): Column<Row>[] => [
  {
    id: 'status',
    title: words.columns.status,
    width: '110px',
    cell: (row) => <StatusBadge status={row.status} />,
  },
  {
    id: 'act',
    title: words.columns.act,
    width,
    cell: (row) => <Turns subject={subjectOf(row)} status={row.status} ask={ask} />,
  },
];

/** Asks why, and turns. @returns what asks, and its dialog. */
function useTurning(onDone: () => void): { ask: Ask; dialog: ComponentChildren } {
  const [turning, setTurning] = useState<Turning>();
  const close = () => setTurning(undefined);
  const dialog = turning && (
    <ReasonDialog
      change={turning.change}
      name={turning.subject.id}
      act={(reason) => turn(turning.subject, turning.change, reason)}
      onClose={close}
      onDone={() => {
        close();
        onDone();
      }}
    />
  );
  return { ask: setTurning, dialog };
}

const agentColumns = (ask: Ask): Column<Agent>[] => [
  { id: 'agent', title: words.columns.agent, width: 'minmax(150px, 1.2fr)', cell: (row) => row.agent_id },
  { id: 'name', title: words.columns.name, width: 'minmax(140px, 1.4fr)', cell: (row) => row.name },
  {
    id: 'provider',
    title: words.columns.provider,
    width: 'minmax(100px, 1fr)',
    cell: (row) => row.provider_id,
  },
  { id: 'kind', title: words.columns.kind, width: '110px', cell: (row) => words.kinds[row.kind] },
  { id: 'risk', title: words.columns.risk, width: '90px', cell: (row) => words.risks[row.review.risk_level] },
  ...switchColumns<Agent>(({ agent_id }) => ({ of: 'agents', id: agent_id }), ask, '110px'),
];

/** Every agent, and the switch that policy reads. */
export function AgentSwitches() {
  const list = usePages<Agent>(async (cursor, signal) => {
    const page = await listAgents(cursor, signal);
    return { rows: page.agents, next: page.next_cursor };
  }, []);
  const { ask, dialog } = useTurning(list.reload);
  return (
    <div class="stack">
      <ListTable
        list={list}
        label={words.tabs.agents}
        columns={agentColumns(ask)}
        keyOf={(row) => row.agent_id}
      />
      {dialog}
    </div>
  );
}

const providerColumns = (ask: Ask): Column<Provider>[] => [
  {
    id: 'provider',
    title: words.columns.provider,
    width: 'minmax(130px, 1fr)',
    cell: (row) => row.provider_id,
  },
  { id: 'name', title: words.columns.name, width: 'minmax(140px, 1.4fr)', cell: (row) => row.name },
  { id: 'url', title: words.columns.url, width: 'minmax(130px, 1fr)', cell: (row) => row.url },
  { id: 'added', title: words.columns.added, width: '176px', cell: (row) => <Moment at={row.created_at} /> },
  ...switchColumns<Provider>(({ provider_id }) => ({ of: 'providers', id: provider_id }), ask, '190px'),
];

/** Who offers agents, and their switches. */
export function ProviderSwitches() {
  const [adding, setAdding] = useState(false);
  const list = useLoaded(listProviders, []);
  const { ask, dialog } = useTurning(list.reload);
  const done = () => {
    setAdding(false);
    list.reload();
  };
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="button" onClick={() => setAdding(true)}>
          {words.providers.add}
        </button>
      </div>
      <ListTable
        list={{ ...list, rows: list.value }}
        label={words.tabs.providers}
        columns={providerColumns(ask)}
        keyOf={(row) => row.provider_id}
      />
      {adding && <AddProvider onClose={() => setAdding(false)} onDone={done} />}
      {dialog}
    </div>
  );
}
