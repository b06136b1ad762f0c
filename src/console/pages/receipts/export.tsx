import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type Verification, verifyExport } from '../../../receipts/verify-export.ts';
import { exportAnswer, hostKeys } from '../../api/receipts.ts';
import { href } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { save } from '../../ui/save.ts';
import { ErrorNote } from '../../ui/states.tsx';
import { canCheck } from './proof.ts';

const words = texts.receipts.export;
const FINDINGS_SHOWN = 50;

type Work =
  | { state: 'idle' }
  | { state: 'checking'; receipts: number }
  | { state: 'checked'; found: Verification }
  | { state: 'failed'; error: unknown };

/** Saves all receipts as a file, or checks them as they come. */
export function ExportDialog({ onClose }: { onClose(): void }) {
  const id = useId();
  const [provider, setProvider] = useState('');
  const [work, setWork] = useState<Work>({ state: 'idle' });
  const control = useRef(new AbortController());
  useEffect(() => () => control.current.abort(), []);
  const running = (task: () => Promise<Work>) => async () => {
    setWork({ state: 'checking', receipts: 0 });
    try {
      setWork(await task());
    } catch (error) {
      setWork({ state: 'failed', error });
    }
  };
  const download = running(async () => {
    save('receipts.jsonl', await (await exportAnswer(provider, control.current.signal)).blob());
    return { state: 'idle' };
  });
  const check = running(async () => {
    const [jwks, answer] = await Promise.all([hostKeys(), exportAnswer(provider, control.current.signal)]);
    const found = await verifyExport(
      linesOf(answer, (receipts) => setWork({ state: 'checking', receipts })),
      { jwks, ...(provider === '' ? {} : { onlyProvider: provider }) },
    );
    return { state: 'checked', found };
  });
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="stack">
        <p class="quiet">{words.about}</p>
        <div class="field">
          <label for={id}>{words.provider}</label>
          <input
            id={id}
            class="input"
            aria-describedby={`${id}-hint`}
            value={provider}
            onInput={(event) => setProvider(event.currentTarget.value.trim())}
          />
          <span id={`${id}-hint`} class="hint">
            {words.providerHint}
          </span>
        </div>
        <div class="row">
          <button
            type="button"
            class="button primary"
            disabled={work.state === 'checking'}
            onClick={download}
          >
            {words.download}
          </button>
          <button
            type="button"
            class="button"
            disabled={work.state === 'checking' || !canCheck()}
            onClick={check}
          >
            {words.check}
          </button>
        </div>
        {!canCheck() && <p class="quiet">{texts.receipts.proof.noCrypto}</p>}
        <div aria-live="polite">
          {work.state === 'checking' && work.receipts > 0 && <p>{words.checking(work.receipts)}</p>}
          {work.state === 'failed' && <ErrorNote error={work.error} />}
          {work.state === 'checked' && <Findings {...work.found} />}
        </div>
      </div>
    </Dialog>
  );
}

function Findings({ receipts, findings }: Verification) {
  if (findings.length === 0) return <div class="note ok">{words.good(receipts)}</div>;
  return (
    <div class="note bad">
      <div class="stack wrap-anywhere">
        <strong>{words.bad(findings.length, receipts)}</strong>
        <ul>
          {findings.slice(0, FINDINGS_SHOWN).map(({ receipt_id, problem }) => (
            <li key={`${receipt_id}${problem}`}>
              {receipt_id !== undefined && (
                <a href={href(['receipts', receipt_id])}>{receipt_id.slice(0, 8)}</a>
              )}{' '}
              {problem}
            </li>
          ))}
        </ul>
        {findings.length > FINDINGS_SHOWN && <p>{words.more(findings.length - FINDINGS_SHOWN)}</p>}
      </div>
    </div>
  );
}

const TOLD_EVERY = 500;

/** The lines of an answer as they come; what is no JSON is handed on as text. */
async function* linesOf(
  answer: Response,
  told: (lines: number) => void,
): AsyncGenerator<unknown, void, undefined> {
  let rest = '';
  let count = 0;
  const decoder = new TextDecoder();
  const reader = answer.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    rest += chunk?.value === undefined ? decoder.decode() : decoder.decode(chunk.value, { stream: true });
    const lines = rest.split('\n');
    rest = chunk === undefined || chunk.done ? '' : (lines.pop() ?? '');
    for (const line of lines) {
      if (line === '') continue;
      if (count++ % TOLD_EVERY === 0) told(count);
      yield parsed(line);
    }
    if (chunk === undefined || chunk.done) return;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
