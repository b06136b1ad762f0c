import type { Receipt } from '../../../receipts/receipt.ts';
import { texts } from '../../texts.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const STATUS: Record<Receipt['status'], Tone> = {
  running: 'busy',
  succeeded: 'ok',
  failed: 'bad',
  rejected: 'warn',
};

const VERIFICATION: Record<Receipt['verification'], Tone> = {
  not_required: 'idle',
  pending: 'ask',
  verified: 'ok',
  failed: 'bad',
};

export const ReceiptStatus = ({ status }: Pick<Receipt, 'status'>) => (
  <Badge tone={STATUS[status]} dot={status === 'running'}>
    {texts.receipts.status[status]}
  </Badge>
);

export const ReceiptVerification = ({ verification }: Pick<Receipt, 'verification'>) => (
  <Badge tone={VERIFICATION[verification]}>{texts.receipts.verification[verification]}</Badge>
);
