import type { ComponentChildren } from 'preact';
import type { Receipt } from '../../../receipts/receipt.ts';
import { useLoaded } from '../../api/load.ts';
import { type ReceiptInFull, receiptInFull } from '../../api/receipts.ts';
import { href } from '../../app/router.ts';
import { may } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Found } from '../../ui/found.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { Panel } from '../../ui/panel.tsx';
import { saveJson } from '../../ui/save.ts';
import { Moment } from '../../ui/time.tsx';
import { ReceiptStatus, ReceiptVerification } from './badges.tsx';
import { tookOf } from './list.tsx';
import { PolicyWords } from './policy-words.tsx';
import { ProofPanel } from './proof-panel.tsx';
import { Verdicts } from './verdicts.tsx';

const words = texts.receipts;

/** One receipt: what it says, in words, and whether that holds. */
export function OneReceipt({ id }: { id: string }) {
  const loaded = useLoaded((signal) => receiptInFull(id, signal), [id]);
  return (
    <Found loaded={loaded} gone={words.gone} back={{ page: 'receipts', title: words.back }}>
      {(full) => <Shown full={full} reload={loaded.reload} />}
    </Found>
  );
}

function Shown({ full, reload }: { full: ReceiptInFull; reload(): void }) {
  const { receipt, request, ...result } = full;
  const { stderr, ...rest } = result;
  return (
    <div class="page">
      <a href={href(['receipts'])}>← {words.back}</a>
      <PageHead title={`${words.one} ${receipt.receipt_id.slice(0, 8)}`}>
        <button
          type="button"
          class="button"
          onClick={() => saveJson(`receipt-${receipt.receipt_id}.json`, { receipt, request, result })}
        >
          {words.download}
        </button>
      </PageHead>
      <div class="row">
        <ReceiptStatus {...receipt} />
        <ReceiptVerification {...receipt} />
        <span class="quiet">{words.mode[receipt.invoke_mode]}</span>
      </div>
      <div class="halves">
        <div class="stack">
          <ProofPanel full={full} />
          <Panel title={words.policy.title}>
            <PolicyWords policy={receipt.policy} />
          </Panel>
          <Verdicts receipt={receipt} onJudged={reload} />
        </div>
        <div class="stack">
          <Panel title={words.one}>
            <Facts receipt={receipt} />
          </Panel>
          {stderr !== undefined && (
            <Panel title={words.why}>
              <p class="wrap-anywhere">{stderr}</p>
            </Panel>
          )}
          <Panel title={words.result.title}>
            {Object.keys(rest).length > 0 ? (
              <JsonTree value={rest} open={4} />
            ) : (
              <p class="quiet">{words.result.none}</p>
            )}
          </Panel>
          <Panel title={words.request.title}>
            {request === undefined ? (
              <p class="quiet">{words.request.none}</p>
            ) : (
              <JsonTree value={request} open={3} />
            )}
          </Panel>
          <Panel title={words.raw}>
            <JsonTree value={receipt} open={1} />
          </Panel>
        </div>
      </div>
    </div>
  );
}

function Facts({ receipt }: { receipt: Receipt }) {
  const { agent_id, task_id, completed_at, sequence, provider_id, previous, result_digest } = receipt;
  const facts: [string, ComponentChildren][] = [
    [words.facts.agent, may('agents:read') ? <a href={href(['agents', agent_id])}>{agent_id}</a> : agent_id],
    [words.facts.provider, provider_id],
    [words.facts.caller, receipt.caller],
    [words.facts.started, <Moment key="at" at={receipt.started_at} />],
  ];
  if (completed_at !== undefined) facts.push([words.facts.completed, <Moment key="at" at={completed_at} />]);
  facts.push([words.facts.took, tookOf(receipt)], [words.facts.cost, receipt.cost_units]);
  if (task_id !== undefined) {
    const to = may('agents:invoke') ? <a href={href(['tasks', task_id])}>{task_id}</a> : task_id;
    facts.push([words.facts.task, to]);
  }
  if (sequence !== undefined) facts.push([words.facts.place, words.place(sequence, provider_id)]);
  if (previous) {
    const { receipt_id } = previous;
    facts.push([
      words.facts.previous,
      <a key="to" href={href(['receipts', receipt_id])}>
        {receipt_id}
      </a>,
    ]);
  }
  facts.push([words.facts.requestDigest, <code key="d">{receipt.request_digest}</code>]);
  if (result_digest !== undefined)
    facts.push([words.facts.resultDigest, <code key="d">{result_digest}</code>]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div class="fact" key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
