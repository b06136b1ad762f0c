import { useEffect, useState } from 'preact/hooks';
import { type Agent, allAgents, readiness, searchAgents } from '../../api/agents.ts';
import { useLoaded } from '../../api/load.ts';
import { route, setQuery } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { PageHead } from '../../ui/page-head.tsx';
import { usePageSeen } from '../../ui/page-seen.ts';
import { SearchField } from '../../ui/search-field.tsx';
import { Empty, ErrorNote, Loading } from '../../ui/states.tsx';
import { AgentCardView } from './card.tsx';

/** How many cards come at a time. */
const PAGE = 24;

/** What is published, as cards; search finds as one types. */
export function AgentList() {
  const query = route.value.query.get('q') ?? '';
  // Whoever comes back to the page sees what was blocked meanwhile.
  const seen = usePageSeen();
  const all = useLoaded(allAgents, [seen]);
  const health = useLoaded(readiness, [seen]);
  const checks = health.value && Object.values(health.value.checks);
  const found = useLoaded(
    async (signal) => (query.trim() === '' ? undefined : searchAgents(query, signal)),
    [query],
  );
  const agents = all.value && inOrder(all.value, query, found.value);
  const error = all.state === 'failed' ? all.error : found.state === 'failed' ? found.error : undefined;
  return (
    <div class="page">
      <PageHead title={texts.agents.title} about={texts.agents.about} />
      <div class="row">
        <SearchField
          label={texts.agents.search}
          placeholder={texts.agents.searchHint}
          value={query}
          onChange={(q) => setQuery({ q })}
        />
        <span class="quiet small" role="status">
          {agents && texts.agents.count(agents.length)}
        </span>
      </div>
      {error !== undefined && (
        <ErrorNote
          error={error}
          retry={() => {
            all.reload();
            found.reload();
          }}
        />
      )}
      {agents === undefined ? (
        all.state === 'loading' && <Loading />
      ) : agents.length === 0 ? (
        <Nothing searched={query !== ''} />
      ) : (
        <Cards key={query} agents={agents} ready={checks?.every(({ ok }) => ok)} />
      )}
    </div>
  );
}

function Cards({ agents, ready }: { agents: Agent[]; ready: boolean | undefined }) {
  const [shown, setShown] = useState(PAGE);
  // A shorter list begins again.
  useEffect(() => setShown((now) => Math.max(PAGE, Math.min(now, agents.length))), [agents.length]);
  return (
    <>
      <ul class="cards">
        {agents.slice(0, shown).map((agent) => (
          <AgentCardView key={agent.agent_id} agent={agent} ready={ready} />
        ))}
      </ul>
      {agents.length > shown && (
        <button type="button" class="button" onClick={() => setShown(shown + PAGE)}>
          {texts.agents.more(agents.length - shown)}
        </button>
      )}
    </>
  );
}

const Nothing = ({ searched }: { searched: boolean }) => (
  <Empty title={searched ? texts.agents.noMatch : texts.agents.none}>
    <p>{searched ? texts.agents.noMatchHint : texts.agents.noneHint}</p>
  </Empty>
);

/**
 * The registry's order, then agents elsewhere whose own words match, which its search does not know; all by name when
 * nothing is asked for.
 */
function inOrder(all: Agent[], query: string, ids: string[] | undefined): Agent[] {
  if (query.trim() === '' || ids === undefined) return all;
  const byId = new Map(all.map((agent) => [agent.agent_id, agent]));
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const says = ({ agent_id, name, description }: Agent) => `${agent_id} ${name} ${description}`.toLowerCase();
  const elsewhere = all.filter(
    (agent) => agent.kind === 'remote' && words.every((word) => says(agent).includes(word)),
  );
  return [...new Set([...ids.flatMap((id) => byId.get(id) ?? []), ...elsewhere])];
}
