import { type Agent, oneAgent, readCard } from '../../api/agents.ts';
import { checkCard } from '../../api/card-signature.ts';
import { useLoaded } from '../../api/load.ts';
import { href, navigate, route } from '../../app/router.ts';
import { may } from '../../app/session.ts';
import { texts } from '../../texts.ts';
import { Badge } from '../../ui/badge.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Found } from '../../ui/found.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';
import { type Tab, Tabs } from '../../ui/tabs.tsx';
import { Calls } from './calls.tsx';
import { AgentStatus } from './facts.tsx';
import { type Known, Overview } from './overview.tsx';
import { Try } from './try/try.tsx';

/** One agent: what it is, how it is called, its card as it is served. */
export function AgentPage({ code }: { code: string }) {
  const loaded = useLoaded((signal) => known(code, signal), [code]);
  return (
    <Found loaded={loaded} gone={texts.agents.gone} back={{ page: 'agents', title: texts.nothing.back }}>
      {(found) => <Shown known={found} />}
    </Found>
  );
}

async function known(code: string, signal: AbortSignal): Promise<Known> {
  const agent = await oneAgent(code, signal);
  if (agent.kind === 'remote') return { agent };
  const card = await readCard(code, signal);
  return { agent, card, verdict: await checkCard(card) };
}

function Shown({ known: { agent, ...rest } }: { known: Known }) {
  const tabs = tabsOf({ agent, ...rest });
  return (
    <div class="page">
      <Head agent={agent} />
      <Tabs
        label={agent.name}
        tabs={tabs}
        selected={route.value.query.get('tab') ?? 'overview'}
        onSelect={(tab) => navigate(['agents', agent.agent_id], { tab })}
      />
    </div>
  );
}

const Head = ({ agent }: { agent: Agent }) => (
  <div class="page-head">
    <div>
      <a class="small" href={href(['agents'])}>
        {texts.agents.all}
      </a>
      <h1>{agent.name}</h1>
      <div class="row small">
        <code class="quiet">{agent.agent_id}</code>
        <span class="quiet number">{agent.version}</span>
        <AgentStatus agent={agent} />
        {agent.kind === 'remote' && <Badge>{texts.agents.remote}</Badge>}
      </div>
    </div>
  </div>
);

function tabsOf(all: Known): Tab[] {
  const { agent, card } = all;
  return [
    { id: 'overview', title: texts.agents.tabs.overview, content: () => <Overview known={all} /> },
    ...(may('agents:invoke')
      ? [
          { id: 'try', title: texts.agents.tabs.try, content: () => <Try known={all} /> },
          { id: 'calls', title: texts.agents.tabs.calls, content: () => <Calls known={all} /> },
        ]
      : []),
    {
      id: 'card',
      title: texts.agents.tabs.card,
      content: () => <Raw value={card ?? agent} label={agent.name} />,
    },
  ];
}

/** As a tree to look through, and as text to take along. */
const Raw = ({ value, label }: { value: unknown; label: string }) => (
  <div class="stack">
    <div class="panel panel-body">
      <JsonTree value={value} />
    </div>
    <details>
      <summary>{texts.agents.asText}</summary>
      <CodeBlock label={label} text={JSON.stringify(value, null, 2)} />
    </details>
  </div>
);
