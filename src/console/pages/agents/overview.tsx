import { type Agent, type Card, readiness } from '../../api/agents.ts';
import type { SignatureVerdict } from '../../api/card-signature.ts';
import { useLoaded } from '../../api/load.ts';
import { texts } from '../../texts.ts';
import { Badge } from '../../ui/badge.tsx';
import { moment } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Modes, RiskBadge, SignatureBadge, securityOf } from './facts.tsx';

/** What is known of an agent; of one elsewhere its card is the gateway's to fetch. */
export interface Known {
  agent: Agent;
  card?: Card;
  verdict?: SignatureVerdict;
}

export const Overview = ({ known }: { known: Known }) => (
  <div class="overview">
    <div class="stack">
      <p class="lead">{known.agent.description}</p>
      <h2>{texts.agents.skills}</h2>
      <ul class="stack">
        {known.agent.skills.map((skill) => (
          <li key={skill.id} class="panel panel-body stack-tight">
            <h3>{skill.name}</h3>
            <p class="quiet">{skill.description}</p>
            <div class="row">
              {skill.tags.map((tag) => (
                <span key={tag} class="tag">
                  {tag}
                </span>
              ))}
            </div>
            {skill.examples?.map((example) => (
              <blockquote key={example} class="example">
                {example}
              </blockquote>
            ))}
          </li>
        ))}
      </ul>
    </div>
    <div class="stack">
      <Signature {...known} />
      <Health agent={known.agent} />
      <ReviewProfile agent={known.agent} />
      {known.card && <Interfaces card={known.card} />}
    </div>
  </div>
);

const Signature = ({ agent, verdict }: Known) => (
  <Panel title={texts.agents.signature.title}>
    <div class="stack-tight">
      <div>
        <SignatureBadge agent={agent} verdict={verdict} />
      </div>
      <p class="quiet small wrap-anywhere">
        {agent.kind === 'remote'
          ? texts.agents.signature.whereHost
          : verdict?.state === 'valid'
            ? texts.agents.signature.how(verdict.kid)
            : verdict?.state === 'invalid'
              ? verdict.why
              : verdict?.state === 'unchecked'
                ? texts.agents.signature.noCrypto
                : texts.agents.signature.none}
      </p>
    </div>
  </Panel>
);

function Health({ agent }: { agent: Agent }) {
  return (
    <Panel title={texts.agents.health.title}>
      {agent.kind === 'remote' ? <RemoteHealth agent={agent} /> : <OwnHealth />}
    </Panel>
  );
}

const RemoteHealth = ({ agent: { health } }: { agent: Agent }) => (
  <dl class="facts">
    <dt>{texts.agents.health.seen}</dt>
    <dd>{health?.last_seen_at ? moment(health.last_seen_at) : texts.agents.health.never}</dd>
    {health?.latency_ms != null && (
      <>
        <dt>{texts.agents.health.latency}</dt>
        <dd class="number">{Math.round(health.latency_ms)} ms</dd>
      </>
    )}
    {health?.success_rate != null && (
      <>
        <dt>{texts.agents.health.answered}</dt>
        <dd class="number">{Math.round(health.success_rate * 100)} %</dd>
      </>
    )}
    {health?.card_problem && (
      <>
        <dt>{texts.agents.health.card}</dt>
        <dd>{health.card_problem}</dd>
      </>
    )}
  </dl>
);

/** An agent of this host is as well as what it runs on. */
function OwnHealth() {
  const { value } = useLoaded(readiness, []);
  return (
    <dl class="facts">
      {Object.entries(value?.checks ?? {}).map(([name, { ok, error }]) => (
        <div key={name} class="contents">
          <dt>{texts.agents.health.checks[name] ?? name}</dt>
          <dd>
            <Badge dot tone={ok ? 'ok' : 'bad'}>
              {ok ? texts.agents.health.ok : (error ?? texts.agents.health.bad)}
            </Badge>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function ReviewProfile({ agent: { review, provider_id } }: { agent: Agent }) {
  const say = texts.agents.review;
  return (
    <Panel title={say.title}>
      <dl class="facts">
        <dt>{say.risk}</dt>
        <dd>
          <RiskBadge review={review} />
        </dd>
        <dt>{say.approval}</dt>
        <dd>{review.human_approval_required ? say.approvalNeeded : say.approvalNot}</dd>
        <dt>{say.regions}</dt>
        <dd>{review.allowed_regions.length === 0 ? say.anywhere : review.allowed_regions.join(', ')}</dd>
        <dt>{say.cost}</dt>
        <dd class="number">{review.cost_per_call_units}</dd>
        <dt>{say.data}</dt>
        <dd>{review.data_classes.length === 0 ? say.noData : review.data_classes.join(', ')}</dd>
        <dt>{say.provider}</dt>
        <dd>{provider_id}</dd>
      </dl>
    </Panel>
  );
}

const Interfaces = ({ card }: { card: Card }) => (
  <Panel title={texts.agents.interfaces}>
    <dl class="facts">
      <dt>{texts.agents.takes}</dt>
      <dd>
        <Modes modes={card.defaultInputModes} />
      </dd>
      <dt>{texts.agents.gives}</dt>
      <dd>
        <Modes modes={card.defaultOutputModes} />
      </dd>
      <dt>{texts.agents.security}</dt>
      <dd>{securityOf(card)}</dd>
      <dt>{texts.agents.protocols}</dt>
      <dd>
        {card.supportedInterfaces.map(({ protocolBinding, protocolVersion }) => (
          <span key={protocolBinding + protocolVersion} class="tag">
            {protocolBinding} {protocolVersion}
          </span>
        ))}
      </dd>
    </dl>
  </Panel>
);
