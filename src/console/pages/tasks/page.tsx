import { texts } from '../../texts.ts';
import { PageHead } from '../../ui/page-head.tsx';

export const TasksPage = () => (
  <div class="page">
    <PageHead title={texts.tasks.title} />
  </div>
);
