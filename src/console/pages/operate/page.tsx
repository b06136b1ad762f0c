import '../../styles/records.css';
import '../../styles/operate.css';
import { navigate, route } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { PageHead } from '../../ui/page-head.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { AuditLog } from './audit.tsx';
import { AuthContexts } from './auth-contexts.tsx';
import { Health } from './health.tsx';
import { Keys } from './keys.tsx';
import { AgentSwitches, ProviderSwitches } from './switches.tsx';

const words = texts.operate;

const TABS = [
  { id: 'health', title: words.tabs.health, content: () => <Health /> },
  { id: 'agents', title: words.tabs.agents, content: () => <AgentSwitches /> },
  { id: 'providers', title: words.tabs.providers, content: () => <ProviderSwitches /> },
  { id: 'keys', title: words.tabs.keys, content: () => <Keys /> },
  { id: 'contexts', title: words.tabs.contexts, content: () => <AuthContexts /> },
  { id: 'audit', title: words.tabs.audit, content: () => <AuditLog /> },
];

/** `#/operate`: how the host does; `#/operate/keys` and the like: who may do what. */
export const OperatePage = () => (
  <div class="page">
    <PageHead title={words.title} about={words.about} />
    <Tabs
      label={words.tabs.label}
      tabs={TABS}
      selected={route.value.path[1] ?? 'health'}
      onSelect={(id) => navigate(['operate', id])}
    />
  </div>
);
