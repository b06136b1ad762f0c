import { useId, useState } from 'preact/hooks';
import type { Receipt } from '../../../receipts/receipt.ts';
import { useLoaded } from '../../api/load.ts';
import { judge, type Verdict, verdictsOf } from '../../api/receipts.ts';
import { may } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Badge } from '../../ui/badge.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ErrorNote, Loading } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';

const words = texts.receipts.verdicts;

/** What the verifier and people found of a receipt. */
export function Verdicts({ receipt, onJudged }: { receipt: Receipt; onJudged(): void }) {
  const [judging, setJudging] = useState(false);
  const verdicts = useLoaded((signal) => verdictsOf(receipt.receipt_id, signal), [receipt]);
  const open = may('admin') && receipt.status !== 'running';
  const actions = open && (
    <button type="button" class="button tiny" onClick={() => setJudging(true)}>
      {words.judge}
    </button>
  );
  return (
    <Panel title={words.title} actions={actions}>
      {verdicts.state === 'failed' && <ErrorNote error={verdicts.error} retry={verdicts.reload} />}
      {verdicts.value === undefined && verdicts.state === 'loading' && <Loading />}
      {verdicts.value?.length === 0 && <p class="quiet">{words.none}</p>}
      <ul class="steps">
        {verdicts.value?.map((verdict) => (
          <li key={verdict.at}>
            <Badge tone={verdict.verification === 'verified' ? 'ok' : 'bad'}>
              {words[verdict.verification]}
            </Badge>
            <span class="wrap-anywhere">
              {verdict.reason}{' '}
              <span class="quiet small">
                {verdict.by} · <Moment at={verdict.at} />
              </span>
            </span>
          </li>
        ))}
      </ul>
      {judging && (
        <JudgeDialog
          receiptId={receipt.receipt_id}
          onClose={() => setJudging(false)}
          onJudged={() => {
            setJudging(false);
            onJudged();
          }}
        />
      )}
    </Panel>
  );
}

interface JudgeProps {
  receiptId: string;
  onClose(): void;
  onJudged(): void;
}

function JudgeDialog({ receiptId, onClose, onJudged }: JudgeProps) {
  const id = useId();
  const [verification, setVerification] = useState<Verdict['verification']>('verified');
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await judge(receiptId, { verification, reason });
      onJudged();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Dialog title={words.judge} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <div class="row">
          {(['verified', 'failed'] as const).map((each) => (
            <label class="check" key={each}>
              <input
                type="radio"
                name={id}
                checked={verification === each}
                onChange={() => setVerification(each)}
              />
              {words[each]}
            </label>
          ))}
        </div>
        <div class="field">
          <label for={`${id}-reason`}>{words.reason}</label>
          <textarea
            id={`${id}-reason`}
            class="input"
            required
            maxLength={1000}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </div>
        {problem !== undefined && <ErrorNote error={problem} />}
        <button type="submit" class="button primary" disabled={reason.trim() === ''}>
          {words.submit}
        </button>
      </form>
    </Dialog>
  );
}
