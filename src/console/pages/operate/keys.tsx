import { useState } from 'preact/hooks';
import { useLoaded } from '../../api/load.ts';
import { type Key, listKeys, makeKey, revokeKey } from '../../api/operate.ts';
import { session } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Badge } from '../../ui/badge.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FormDialog, TextField } from '../../ui/form-dialog.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Moment } from '../../ui/time.tsx';

const words = texts.operate.keys;
const SCOPES = ['agents:read', 'agents:invoke', 'receipts:read', 'admin'] as const;
const USUAL = ['agents:read', 'agents:invoke'];

function stateOf({ revoked_at, expires_at }: Key): keyof typeof words.state {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && Date.parse(expires_at) < Date.now() ? 'expired' : 'good';
}

const columns = (revoke: (key: Key) => void): Column<Key>[] => [
  { id: 'name', title: words.name, width: 'minmax(130px, 1fr)', cell: (row) => row.name },
  { id: 'id', title: words.columns.id, width: '170px', cell: (row) => <code>{row.id}</code> },
  { id: 'scopes', title: words.scopes, width: 'minmax(160px, 1.4fr)', cell: (row) => row.scopes.join(', ') },
  { id: 'made', title: words.columns.created, width: '176px', cell: (row) => <Moment at={row.created_at} /> },
  {
    id: 'used',
    title: words.columns.used,
    width: '176px',
    cell: ({ last_used_at }) => (last_used_at === null ? words.never : <Moment at={last_used_at} />),
  },
  {
    id: 'expires',
    title: words.columns.expires,
    width: '176px',
    cell: ({ expires_at }) => (expires_at === null ? words.never : <Moment at={expires_at} />),
  },
  {
    id: 'act',
    title: texts.operate.columns.status,
    width: '150px',
    cell: (row) =>
      stateOf(row) === 'good' ? (
        <button
          type="button"
          class="button tiny danger"
          aria-label={`${words.revoke} ${row.name}`}
          onClick={() => revoke(row)}
        >
          {words.revoke}
        </button>
      ) : (
        <Badge>{words.state[stateOf(row)]}</Badge>
      ),
  },
];

/** The API keys of this host. */
export function Keys() {
  const list = useLoaded(listKeys, []);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const done = () => {
    setMaking(false);
    setRevoking(undefined);
    list.reload();
  };
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="button" onClick={() => setMaking(true)}>
          {words.make}
        </button>
      </div>
      <ListTable
        list={{ ...list, rows: list.value }}
        label={texts.operate.tabs.keys}
        columns={columns(setRevoking)}
        keyOf={(row) => row.id}
        none={words.none}
      >
        <p>{words.noneHint}</p>
      </ListTable>
      {making && <MakeKey onDone={done} />}
      {revoking !== undefined && (
        <FormDialog
          title={words.revokeTitle}
          submit={words.revoke}
          danger
          act={async () => {
            await revokeKey(revoking.id);
            done();
          }}
          onClose={() => setRevoking(undefined)}
        >
          <p>{words.revokeAbout(revoking.name)}</p>
        </FormDialog>
      )}
    </div>
  );
}

/** Whether the host asks nobody who calls: it is so until there is a key. */
function isOpen(): boolean {
  const now = session.peek();
  return now.state === 'in' && now.me.how === 'local';
}

function MakeKey({ onDone }: { onDone(): void }) {
  const [name, setName] = useState('');
  const [expires, setExpires] = useState('');
  const [scopes, setScopes] = useState<string[]>(isOpen() ? [...USUAL, 'admin'] : USUAL);
  const [made, setMade] = useState<string>();
  if (made !== undefined) {
    return (
      <Dialog title={words.make} onClose={onDone}>
        <div class="stack">
          <p>{words.made}</p>
          {isOpen() && <p>{words.madeFirst}</p>}
          <CodeBlock text={made} label={words.columns.id} />
          <div class="row">
            <button type="button" class="button primary" onClick={onDone}>
              {words.done}
            </button>
          </div>
        </div>
      </Dialog>
    );
  }
  const act = async () => {
    const { key } = await makeKey({ name, scopes, ...(expires === '' ? {} : { expires }) });
    setMade(key);
  };
  const set = (scope: string, on: boolean) =>
    setScopes((before) => (on ? [...before, scope] : before.filter((each) => each !== scope)));
  return (
    <FormDialog title={words.make} submit={words.submit} act={act} onClose={onDone}>
      {isOpen() && (
        <div class="note warn">
          <div>
            <strong>{words.first}</strong>
            {scopes.includes('admin') ? words.firstAbout : words.firstLocked}
          </div>
        </div>
      )}
      <TextField label={words.name} value={name} onChange={setName} required />
      <fieldset class="stack">
        <legend class="label">{words.scopes}</legend>
        {SCOPES.map((scope) => (
          <label key={scope} class="check">
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              onChange={(event) => set(scope, event.currentTarget.checked)}
            />
            <code>{scope}</code> <span class="quiet">{words.scopeWords[scope]}</span>
          </label>
        ))}
      </fieldset>
      <TextField label={words.expires} hint={words.expiresHint} value={expires} onChange={setExpires} />
    </FormDialog>
  );
}
