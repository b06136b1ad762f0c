import { texts } from '../../texts.ts';
import { PageHead } from '../../ui/page-head.tsx';

export const OperatePage = () => (
  <div class="page">
    <PageHead title={texts.operate.title} />
  </div>
);
