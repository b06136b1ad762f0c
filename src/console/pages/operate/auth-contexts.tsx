import { useState } from 'preact/hooks';
import { useLoaded } from '../../api/load.ts';
import {
  type AuthContext,
  forgetAuthContext,
  listAuthContexts,
  storeAuthContext,
} from '../../api/operate.ts';
import { texts } from '../../texts.ts';
import { FormDialog, TextField } from '../../ui/form-dialog.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Moment } from '../../ui/time.tsx';

const words = texts.operate.contexts;

const columns = (forget: (context: AuthContext) => void): Column<AuthContext>[] => [
  { id: 'provider', title: words.provider, width: 'minmax(130px, 1fr)', cell: (row) => row.provider_id },
  { id: 'model', title: words.model, width: '120px', cell: (row) => row.auth_model },
  { id: 'subject', title: words.subject, width: 'minmax(120px, 1fr)', cell: (row) => row.subject },
  { id: 'preview', title: words.preview, width: '110px', cell: (row) => <code>{row.token_preview}</code> },
  {
    id: 'expires',
    title: words.expires,
    width: '176px',
    cell: ({ expires_at }) =>
      expires_at === undefined ? texts.operate.keys.never : <Moment at={expires_at} />,
  },
  {
    id: 'act',
    title: texts.operate.columns.act,
    width: '110px',
    cell: (row) => (
      <button
        type="button"
        class="button tiny danger"
        aria-label={`${words.forget} ${row.auth_context_id}`}
        onClick={() => forget(row)}
      >
        {words.forget}
      </button>
    ),
  },
];

/** The caller's stored credentials. */
export function AuthContexts() {
  const list = useLoaded(listAuthContexts, []);
  const [adding, setAdding] = useState(false);
  const [forgetting, setForgetting] = useState<AuthContext>();
  return (
    <div class="stack">
      <p class="quiet">{words.about}</p>
      <div class="row">
        <button type="button" class="button" onClick={() => setAdding(true)}>
          {words.add}
        </button>
      </div>
      <ListTable
        list={{ ...list, rows: list.value }}
        label={texts.operate.tabs.contexts}
        columns={columns(setForgetting)}
        keyOf={(row) => row.auth_context_id}
        none={words.none}
      />
      {forgetting !== undefined && (
        <FormDialog
          title={words.forgetTitle}
          submit={words.forget}
          danger
          act={async () => {
            await forgetAuthContext(forgetting.auth_context_id);
            setForgetting(undefined);
            list.reload();
          }}
          onClose={() => setForgetting(undefined)}
        >
          <p>{words.forgetAbout(forgetting.provider_id)}</p>
        </FormDialog>
      )}
      {adding && (
        <AddContext
          onClose={() => setAdding(false)}
          onDone={() => {
            setAdding(false);
            list.reload();
          }}
        />
      )}
    </div>
  );
}

function AddContext({ onClose, onDone }: { onClose(): void; onDone(): void }) {
  const [provider, setProvider] = useState('');
  const [model, setModel] = useState('bearer');
  const [token, setToken] = useState('');
  const [subject, setSubject] = useState('');
  const act = async () => {
    const whose = subject === '' ? {} : { subject };
    await storeAuthContext({ provider_id: provider, auth_model: model, token, ...whose });
    onDone();
  };
  return (
    <FormDialog title={words.add} submit={words.submit} act={act} onClose={onClose}>
      <TextField label={words.provider} value={provider} onChange={setProvider} required />
      <TextField label={words.model} hint={words.modelHint} value={model} onChange={setModel} required />
      <TextField label={words.token} value={token} onChange={setToken} required secret />
      <TextField label={words.subject} hint={words.optional} value={subject} onChange={setSubject} />
    </FormDialog>
  );
}
