import { type Agent, readCard } from '../../api/agents.ts';
import { checkCard } from '../../api/card-signature.ts';
import { useLoaded } from '../../api/load.ts';
import { href } from '../../app/router.ts';
import { texts } from '../../texts.ts';
import { Badge } from '../../ui/badge.tsx';
import { useInSight } from '../../ui/in-sight.ts';
import { AgentStatus, HealthBadge, Modes, RiskBadge, SignatureBadge, securityOf } from './facts.tsx';

/** Skills named on a card; its page names all. */
const SKILLS = 3;

interface AgentCardProps {
  agent: Agent;
  /** Whether the host can run tasks; undefined until it has said. */
  ready: boolean | undefined;
}

/** An agent at a glance; its own card is read, and its signature checked, when it comes into sight. */
export function AgentCardView({ agent, ready }: AgentCardProps) {
  const { element, seen } = useInSight<HTMLLIElement>();
  const { value } = useLoaded(
    async (signal) => {
      if (!seen || agent.kind === 'remote') return undefined;
      const card = await readCard(agent.agent_id, signal);
      return { card, verdict: await checkCard(card) };
    },
    [seen, agent.agent_id],
  );
  const card = value?.card;
  return (
    <li class="panel agent-card" ref={element}>
      <div class="row">
        <h2>
          <a class="cover" href={href(['agents', agent.agent_id])}>
            {agent.name}
          </a>
        </h2>
        <span class="quiet small number">{agent.version}</span>
        <span class="push">
          <AgentStatus agent={agent} />
        </span>
      </div>
      <p class="agent-about">{agent.description}</p>
      <ul class="row agent-skills" aria-label={texts.agents.skills}>
        {agent.skills.slice(0, SKILLS).map(({ id, name }) => (
          <li key={id} class="tag">
            {name}
          </li>
        ))}
        {agent.skills.length > SKILLS && (
          <li class="quiet small">{texts.agents.moreSkills(agent.skills.length - SKILLS)}</li>
        )}
      </ul>
      <dl class="facts small">
        {agent.kind === 'workflow' && (
          <>
            <dt>{texts.agents.takes}</dt>
            <dd>
              <Modes modes={card?.defaultInputModes ?? []} />
            </dd>
            <dt>{texts.agents.gives}</dt>
            <dd>
              <Modes modes={card?.defaultOutputModes ?? []} />
            </dd>
          </>
        )}
        <dt>{texts.agents.security}</dt>
        <dd>{card ? securityOf(card) : agent.kind === 'remote' ? texts.agents.byGateway : '…'}</dd>
        <dt>{texts.agents.health.title}</dt>
        <dd>
          <HealthBadge agent={agent} ready={ready} />
        </dd>
      </dl>
      <div class="row agent-foot">
        <SignatureBadge agent={agent} verdict={value?.verdict} />
        <RiskBadge review={agent.review} />
        {agent.kind === 'remote' && <Badge>{texts.agents.remote}</Badge>}
        {agent.review.human_approval_required && <Badge tone="warn">{texts.agents.review.approves}</Badge>}
        {agent.review.allowed_regions.length > 0 && (
          <span class="quiet small">{agent.review.allowed_regions.join(', ')}</span>
        )}
        {agent.review.cost_per_call_units > 0 && (
          <span class="quiet small">{texts.agents.cost(agent.review.cost_per_call_units)}</span>
        )}
      </div>
    </li>
  );
}
