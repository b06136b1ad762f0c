import type { FunctionComponent } from 'preact';
import { AgentsPage } from '../pages/agents/page.tsx';
import { OperatePage } from '../pages/operate/page.tsx';
import { ReceiptsPage } from '../pages/receipts/page.tsx';
import { TasksPage } from '../pages/tasks/page.tsx';
import type { Scope } from './session.ts';

export interface Page {
  /** The first part of its address. */
  id: 'agents' | 'tasks' | 'receipts' | 'operate';
  /** What a caller needs to be shown it. */
  needs: Scope;
  component: FunctionComponent;
}

export const PAGES: readonly Page[] = [
  { id: 'agents', needs: 'agents:read', component: AgentsPage },
  { id: 'tasks', needs: 'agents:invoke', component: TasksPage },
  { id: 'receipts', needs: 'receipts:read', component: ReceiptsPage },
  { id: 'operate', needs: 'admin', component: OperatePage },
];
