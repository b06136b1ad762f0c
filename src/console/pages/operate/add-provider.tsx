import { useState } from 'preact/hooks';
import { addProvider } from '../../api/operate.ts';
import { texts } from '../../texts.ts';
import { FormDialog, TextField } from '../../ui/form-dialog.tsx';

const words = texts.operate.providers;

export function AddProvider({ onClose, onDone }: { onClose(): void; onDone(): void }) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const act = async () => {
    await addProvider({ provider_id: id, name, ...(url === '' ? {} : { url }) });
    onDone();
  };
  return (
    <FormDialog title={words.add} submit={words.submit} act={act} onClose={onClose}>
      <TextField label={words.id} hint={words.idHint} value={id} onChange={setId} required />
      <TextField label={words.name} value={name} onChange={setName} required />
      <TextField label={words.url} hint={texts.operate.contexts.optional} value={url} onChange={setUrl} />
    </FormDialog>
  );
}
