import { useEffect, useRef, useState } from 'preact/hooks';
import type { Part } from '../../../api/task-view.ts';
import { texts } from '../../../texts.ts';
import { filled, startOf } from '../../../ui/schema-form/data.ts';
import { Field, Form } from '../../../ui/schema-form/field.tsx';
import type { Problem } from '../../../ui/schema-form/problems.ts';
import type { Schema } from '../../../ui/schema-form/schema.ts';
import { ErrorNote } from '../../../ui/states.tsx';
import { Attachments, partOf } from './attachments.tsx';

interface ComposerProps {
  /** What the agent takes as data; without one it is written to in words. */
  schema: Schema | undefined;
  examples: string[];
  /** The media types that the agent takes; no files where there are none. */
  modes: string[];
  /** How it is called, where that is not as usual. */
  note: string | undefined;
  onSend(parts: Part[]): Promise<void>;
}

/** What is said to an agent: a form where it says what it takes, words, files. */
export function Composer({ schema, examples, modes, note, onSend }: ComposerProps) {
  const form = useRef<HTMLFormElement>(null);
  const [asForm, setAsForm] = useState(schema !== undefined);
  const [data, setData] = useState<unknown>(() => schema && startOf(schema, schema));
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [refusals, setRefusals] = useState(0);
  const [text, setText] = useState('');
  const [files, setFiles] = useState<File[]>([]);
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();

  const send = async (event: Event) => {
    event.preventDefault();
    const said = asForm && schema !== undefined ? { data: filled(data, schema, schema) } : saidIn(text);
    if (sending || (said === undefined && files.length === 0)) return;
    setSending(true);
    setError(undefined);
    try {
      const wrong = asForm && schema !== undefined ? await wrongIn(said?.data, schema) : [];
      setProblems(wrong);
      if (wrong.length > 0) {
        setRefusals((before) => before + 1);
        return;
      }
      await onSend([
        ...(said === undefined ? [] : [said]),
        ...(await Promise.all(files.map((file) => partOf(file, modes)))),
      ]);
      setFiles([]);
    } catch (failure) {
      setError(failure);
    } finally {
      setSending(false);
    }
  };
  useEffect(() => {
    if (refusals > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [refusals]);
  const change = (now: unknown) => {
    setData(now);
    // What was found wrong is no longer said once it is right.
    if (problems.length > 0 && schema !== undefined) {
      void wrongIn(filled(now, schema, schema), schema).then(setProblems);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };

  return (
    <form
      ref={form}
      // The schema says what is wrong: what the browser could say of it is not the same.
      noValidate
      class="panel composer"
      onSubmit={send}
      onKeyDown={onKeyDown}
      aria-label={texts.try.message}
    >
      <div class="panel-head">
        <h2>{texts.try.message}</h2>
        {schema !== undefined && (
          <fieldset class="segments push">
            <legend class="visually-hidden">{texts.try.how}</legend>
            <Choice label={texts.try.form} checked={asForm} onChoose={() => setAsForm(true)} />
            <Choice label={texts.try.words} checked={!asForm} onChoose={() => setAsForm(false)} />
          </fieldset>
        )}
      </div>
      <div class="panel-body stack">
        {asForm && schema !== undefined ? (
          <Form.Provider value={{ root: schema, problems }}>
            <Field name="" at="" schema={schema} required within={[]} value={data} onChange={change} />
          </Form.Provider>
        ) : (
          <Words text={text} examples={examples} onChange={setText} />
        )}
        {modes.length > 0 && <Attachments files={files} modes={modes} onChange={setFiles} />}
        {note !== undefined && <p class="quiet small">{note}</p>}
        {asForm && problems[0] !== undefined && (
          <p class="note bad" role="alert">
            {texts.form.summary(problems.length, problems[0])}
          </p>
        )}
        {error !== undefined && <ErrorNote error={error} />}
        <div class="row">
          <button type="submit" class="button primary" disabled={sending}>
            {sending ? texts.try.sending : texts.try.send}
          </button>
          <span class="quiet small">{texts.try.keys}</span>
        </div>
      </div>
    </form>
  );
}

const saidIn = (text: string): Part | undefined => (text.trim() === '' ? undefined : { text });

/** What checks comes when it is first needed. */
async function wrongIn(data: unknown, schema: Schema): Promise<Problem[]> {
  const { problemsOf } = await import('../../../ui/schema-form/problems.ts');
  return problemsOf(data, schema);
}

interface ChoiceProps {
  label: string;
  checked: boolean;
  onChoose(): void;
}

const Choice = ({ label, checked, onChoose }: ChoiceProps) => (
  <label class="segment">
    <input type="radio" name="how" checked={checked} onChange={onChoose} />
    <span>{label}</span>
  </label>
);

interface WordsProps {
  text: string;
  examples: string[];
  onChange(text: string): void;
}

const Words = ({ text, examples, onChange }: WordsProps) => (
  <div class="field">
    <label for="words">{texts.try.text}</label>
    <textarea
      id="words"
      class="input"
      rows={5}
      value={text}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
    {examples.length > 0 && (
      <div class="row">
        <span class="quiet small">{texts.try.examples}</span>
        {examples.map((example) => (
          <button key={example} type="button" class="button tiny clip" onClick={() => onChange(example)}>
            {example}
          </button>
        ))}
      </div>
    )}
  </div>
);
