import { texts } from '../../texts.ts';
import { PageHead } from '../../ui/page-head.tsx';

export const ReceiptsPage = () => (
  <div class="page">
    <PageHead title={texts.receipts.title} />
  </div>
);
