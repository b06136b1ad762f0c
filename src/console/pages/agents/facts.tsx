import type { Agent, Card, Review } from '../../api/agents.ts';
import type { SignatureVerdict } from '../../api/card-signature.ts';
import { texts } from '../../texts.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const STATUS_TONES: Record<Agent['status'], Tone> = {
  active: 'ok',
  blocked: 'bad',
  revoked: 'bad',
  draining: 'warn',
};

export const AgentStatus = ({ agent }: { agent: Agent }) => (
  <Badge dot tone={STATUS_TONES[agent.status] ?? 'idle'}>
    {texts.agents.status[agent.status] ?? agent.status}
  </Badge>
);

interface HealthProps {
  agent: Agent;
  /** Whether the host can run tasks; undefined until it has said. */
  ready: boolean | undefined;
}

/** Whether it answers: one of this host as the host does, one elsewhere as it did when it was called. */
export function HealthBadge({ agent: { kind, health }, ready }: HealthProps) {
  const say = texts.agents.health;
  if (kind === 'workflow') {
    return ready === undefined ? (
      <>…</>
    ) : (
      <Badge dot tone={ready ? 'ok' : 'bad'}>
        {ready ? say.ok : say.bad}
      </Badge>
    );
  }
  if (health?.card_problem) return <Badge tone="bad">{health.card_problem}</Badge>;
  if (health?.success_rate == null) return <>{say.never}</>;
  const share = Math.round(health.success_rate * 100);
  return (
    <Badge dot tone={share === 100 ? 'ok' : share === 0 ? 'bad' : 'warn'}>
      {say.share(share)}
    </Badge>
  );
}

const RISK_TONES: Record<Review['risk_level'], Tone> = { low: 'idle', medium: 'warn', high: 'bad' };

export const RiskBadge = ({ review }: { review: Review }) => (
  <Badge tone={RISK_TONES[review.risk_level]}>{texts.agents.risk[review.risk_level]}</Badge>
);

interface SignatureProps {
  agent: Agent;
  /** Undefined while it is being checked. */
  verdict: SignatureVerdict | undefined;
}

/** What was found here; of an agent elsewhere, what the host found when it fetched the card. */
export function SignatureBadge({ agent, verdict }: SignatureProps) {
  if (agent.kind === 'remote') {
    return agent.card_signed ? (
      <Badge tone="ok">{texts.agents.signature.byHost}</Badge>
    ) : (
      <Badge>{texts.agents.signature.unsigned}</Badge>
    );
  }
  if (verdict === undefined) return <Badge>{texts.agents.signature.checking}</Badge>;
  if (verdict.state === 'valid') return <Badge tone="ok">{texts.agents.signature.valid}</Badge>;
  if (verdict.state === 'unchecked') return <Badge>{texts.agents.signature.unchecked}</Badge>;
  if (verdict.state === 'unsigned') return <Badge>{texts.agents.signature.unsigned}</Badge>;
  return (
    <Badge tone="bad" title={verdict.why}>
      {texts.agents.signature.invalid}
    </Badge>
  );
}

/** Media types, by the part that says most. */
export const Modes = ({ modes }: { modes: string[] }) => (
  <span class="modes">
    {modes.map((mode) => (
      <span key={mode} class="tag mono">
        {mode}
      </span>
    ))}
  </span>
);

/** The ways to be let in, as the card names them. */
export function securityOf({ securitySchemes = {} }: Card): string {
  const names = Object.values(securitySchemes).map(schemeName);
  return names.length === 0 ? texts.agents.open : [...new Set(names)].join(', ');
}

function schemeName(scheme: Record<string, unknown>): string {
  if ('apiKeySecurityScheme' in scheme) return texts.agents.schemes.apiKey;
  if ('openIdConnectSecurityScheme' in scheme) return texts.agents.schemes.openId;
  if ('httpAuthSecurityScheme' in scheme) {
    const { scheme: name } = scheme.httpAuthSecurityScheme as { scheme?: string };
    return name ?? texts.agents.schemes.http;
  }
  return Object.keys(scheme)[0] ?? '';
}
