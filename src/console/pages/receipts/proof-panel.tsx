import { useLoaded } from '../../api/load.ts';
import type { ReceiptInFull } from '../../api/receipts.ts';
import { texts } from '../../texts.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ErrorNote, Loading } from '../../ui/states.tsx';
import { canCheck, prove, type Step } from './proof.ts';

const words = texts.receipts.proof;
const MARKS: Record<Step['found'], { tone: Tone; mark: string }> = {
  ok: { tone: 'ok', mark: '✓' },
  bad: { tone: 'bad', mark: '✗' },
  unknown: { tone: 'idle', mark: '–' },
};

/** Whether the receipt holds, step by step. */
export const ProofPanel = ({ full }: { full: ReceiptInFull }) => (
  <Panel title={words.title}>
    {full.receipt.status === 'running' && <p class="quiet">{words.running}</p>}
    {full.receipt.status !== 'running' && !canCheck() && <p class="quiet">{words.noCrypto}</p>}
    {full.receipt.status !== 'running' && canCheck() && <Proof full={full} />}
  </Panel>
);

function Proof({ full }: { full: ReceiptInFull }) {
  const proof = useLoaded(() => prove(full), [full]);
  if (proof.state === 'failed') return <ErrorNote error={proof.error} retry={proof.reload} />;
  if (proof.value === undefined) return <Loading label={words.checking} />;
  const good = proof.value.every(({ found }) => found !== 'bad');
  return (
    <div class="stack">
      <div class={`note ${good ? 'ok' : 'bad'}`} role="status">
        <strong>{good ? words.allGood : words.bad}</strong>
      </div>
      <ul class="steps">
        {proof.value.map((step) => (
          <li key={step.name}>
            <Badge tone={MARKS[step.found].tone}>
              {MARKS[step.found].mark} {step.name}
            </Badge>
            <span class="wrap-anywhere">{step.words}</span>
          </li>
        ))}
      </ul>
      <p class="quiet small">{words.about}</p>
    </div>
  );
}
