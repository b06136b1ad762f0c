import { texts } from '../../texts.ts';
import { PageHead } from '../../ui/page-head.tsx';

export const AgentsPage = () => (
  <div class="page">
    <PageHead title={texts.agents.title} />
  </div>
);
