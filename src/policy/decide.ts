import type { ReviewProfile } from '../agents/review.ts';

/** Why a call is refused, in the order in which they are looked at. */
export const REFUSALS = [
  'provider_revoked',
  'provider_blocked',
  'agent_blocked',
  'region_not_allowed',
  'cost_limit_exceeded',
  'approval_required',
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** The agent as policy sees it. */
export interface PolicyAgent {
  agentId: string;
  blocked: boolean;
  review: ReviewProfile;
}

/** Who offers it, as policy sees them. */
export interface PolicyProvider {
  providerId: string;
  revoked: boolean;
  blocked: boolean;
}

/** What of a call policy looks at. */
export interface PolicyRequest {
  /** ISO 3166-1 alpha-2, any case. */
  region?: string;
  maxCostUnits?: number;
  confirmRisky?: boolean;
}

/** What the host itself allows, whatever the caller would. */
export interface PolicyLimits {
  maxCostUnits?: number;
}

interface Refused {
  decision: 'refuse';
  code: Refusal;
  /** For the caller: names the limit and what would do. */
  message: string;
}

export type PolicyDecision = { decision: 'allow' } | Refused;

/** The switches alone: all that applies where a call asks for nothing, such as reading a task. */
export function decideSwitches(
  agent: Pick<PolicyAgent, 'agentId' | 'blocked'>,
  provider: PolicyProvider,
): PolicyDecision {
  const { agentId } = agent;
  const { providerId } = provider;
  if (provider.revoked) return refuse('provider_revoked', `Provider ${providerId} is revoked`);
  if (provider.blocked) return refuse('provider_blocked', `Provider ${providerId} is blocked`);
  if (agent.blocked) return refuse('agent_blocked', `Agent ${agentId} is blocked`);
  return { decision: 'allow' };
}

/** Whether a call may go to the agent. The first refusal wins, in the order of REFUSALS. */
export function decide(
  agent: PolicyAgent,
  provider: PolicyProvider,
  request: PolicyRequest,
  limits: PolicyLimits = {},
): PolicyDecision {
  const switched = decideSwitches(agent, provider);
  if (switched.decision === 'refuse') return switched;
  const { review } = agent;
  return (
    regionRefused(review, request) ??
    costRefused(review, request, limits) ??
    approvalMissing(review, request) ?? { decision: 'allow' }
  );
}

function regionRefused({ allowedRegions }: ReviewProfile, { region }: PolicyRequest): Refused | undefined {
  if (allowedRegions.length === 0) return undefined;
  const from = region?.toUpperCase();
  if (from !== undefined && allowedRegions.includes(from)) return undefined;
  const allowed = `region: the agent is offered in ${allowedRegions.join(', ')}`;
  return refuse(
    'region_not_allowed',
    from === undefined ? `${allowed}; say where the call comes from` : allowed,
  );
}

function costRefused(
  { costPerCallUnits }: ReviewProfile,
  request: PolicyRequest,
  limits: PolicyLimits,
): Refused | undefined {
  const cost = `a call costs ${costPerCallUnits} units`;
  if (request.maxCostUnits !== undefined && costPerCallUnits > request.maxCostUnits) {
    return refuse('cost_limit_exceeded', `max_cost_units: ${cost}, more than ${request.maxCostUnits}`);
  }
  if (limits.maxCostUnits !== undefined && costPerCallUnits > limits.maxCostUnits) {
    return refuse('cost_limit_exceeded', `${cost}, more than the ${limits.maxCostUnits} this host allows`);
  }
  return undefined;
}

function approvalMissing(review: ReviewProfile, { confirmRisky }: PolicyRequest): Refused | undefined {
  if (confirmRisky === true) return undefined;
  if (!review.humanApprovalRequired && review.riskLevel !== 'high') return undefined;
  const why = review.humanApprovalRequired ? 'needs the approval of a person' : 'is of high risk';
  return refuse('approval_required', `confirm_risky: the agent ${why}; send true to go ahead`);
}

const refuse = (code: Refusal, message: string): Refused => ({ decision: 'refuse', code, message });
