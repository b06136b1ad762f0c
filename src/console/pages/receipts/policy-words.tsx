import type { ReceiptPolicy } from '../../../receipts/receipt.ts';
import { texts } from '../../texts.ts';

const words = texts.receipts.policy;

/** What policy decided, as one would say it. */
export const PolicyWords = ({ policy }: { policy: ReceiptPolicy }) => (
  <div class="stack">
    <p>
      <strong>{policy.decision === 'allow' ? words.allow : words.refuse}</strong>
    </p>
    {policy.code !== undefined && (
      <p>
        {words.codes[policy.code] ?? ''} <code>{policy.code}</code>
      </p>
    )}
    {policy.message !== undefined && (
      <p class="quiet">
        {words.said}: {policy.message}
      </p>
    )}
    <p class="quiet">{words.risk[policy.risk_level]}</p>
    <p class="quiet small wrap-anywhere">
      {words.version}: <code>{policy.review_version}</code>
    </p>
  </div>
);
