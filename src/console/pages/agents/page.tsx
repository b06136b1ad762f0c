import { route } from '../../app/router.ts';
import { AgentPage } from './agent.tsx';
import { AgentList } from './list.tsx';

/** `#/agents`: all that is published; `#/agents/CODE`: one of them. */
export function AgentsPage() {
  const [, code] = route.value.path;
  return code === undefined ? <AgentList /> : <AgentPage key={code} code={code} />;
}
