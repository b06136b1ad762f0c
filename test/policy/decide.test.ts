/** The order of refusals and what each looks at (the gateway's documents, "Policy"). */
import { describe, expect, it } from 'vitest';
import { type DeclaredReview, reviewProfile } from '../../src/agents/review.ts';
import {
  decide,
  decideSwitches,
  type PolicyLimits,
  type PolicyRequest,
  REFUSALS,
  type Refusal,
} from '../../src/policy/decide.ts';

/** Each refusal's own cause, and nothing else. */
interface Causes {
  review: DeclaredReview;
  request: PolicyRequest;
  revoked: boolean;
  providerBlocked: boolean;
  agentBlocked: boolean;
}

const harmless: Causes = {
  review: { riskLevel: 'low' },
  request: {},
  revoked: false,
  providerBlocked: false,
  agentBlocked: false,
};

const cause: Record<Refusal, (causes: Causes) => Causes> = {
  provider_revoked: (causes) => ({ ...causes, revoked: true }),
  provider_blocked: (causes) => ({ ...causes, providerBlocked: true }),
  agent_blocked: (causes) => ({ ...causes, agentBlocked: true }),
  region_not_allowed: (causes) => ({ ...causes, review: { ...causes.review, allowedRegions: ['AU'] } }),
  cost_limit_exceeded: (causes) => ({
    ...causes,
    review: { ...causes.review, costPerCallUnits: 5 },
    request: { ...causes.request, maxCostUnits: 4 },
  }),
  approval_required: (causes) => ({ ...causes, review: { ...causes.review, humanApprovalRequired: true } }),
};

const decided = (
  { review, request, revoked, providerBlocked, agentBlocked }: Causes,
  limits?: PolicyLimits,
) =>
  decide(
    { agentId: 'a', blocked: agentBlocked, review: reviewProfile(review) },
    { providerId: 'p', revoked, blocked: providerBlocked },
    request,
    limits,
  );

const subsets = Array.from({ length: 2 ** REFUSALS.length }, (_, bits) =>
  REFUSALS.filter((_code, index) => bits & (1 << index)),
);

it('of every set of causes the first in the order wins', () => {
  expect(subsets).toHaveLength(64);
  for (const codes of subsets) {
    const decision = decided(codes.reduce((causes, code) => cause[code](causes), harmless));
    const expected = codes[0] === undefined ? { decision: 'allow' } : { decision: 'refuse', code: codes[0] };
    expect(decision, codes.join()).toMatchObject(expected);
  }
});

it('where nothing is asked for, the switches alone apply', () => {
  const switches: Refusal[] = ['provider_revoked', 'provider_blocked', 'agent_blocked'];
  for (const codes of subsets) {
    const { revoked, providerBlocked, agentBlocked } = codes.reduce(
      (all, code) => cause[code](all),
      harmless,
    );
    const decision = decideSwitches(
      { agentId: 'a', blocked: agentBlocked },
      { providerId: 'p', revoked, blocked: providerBlocked },
    );
    const first = codes.find((code) => switches.includes(code));
    expect(decision, codes.join()).toMatchObject(
      first === undefined ? { decision: 'allow' } : { decision: 'refuse', code: first },
    );
  }
});

const outcome = (review: DeclaredReview, request: PolicyRequest, limits?: PolicyLimits) => {
  const decision = decided({ ...harmless, review, request }, limits);
  return decision.decision === 'allow' ? 'allow' : decision.code;
};

describe('region', () => {
  it.each([
    [undefined, undefined, 'allow'],
    [undefined, 'US', 'allow'],
    [[], 'US', 'allow'],
    [['AU', 'NZ'], 'AU', 'allow'],
    [['AU', 'NZ'], 'nz', 'allow'],
    [['au'], 'AU', 'allow'],
    [['AU', 'NZ'], 'US', 'region_not_allowed'],
    [['AU', 'NZ'], '', 'region_not_allowed'],
    [['AU', 'NZ'], undefined, 'region_not_allowed'],
  ])('allowed %j, from %j: %s', (allowedRegions, region, expected) => {
    const review = { riskLevel: 'low' as const, ...(allowedRegions && { allowedRegions }) };
    expect(outcome(review, region === undefined ? {} : { region })).toBe(expected);
  });
});

describe('cost', () => {
  it.each([
    [0, undefined, undefined, 'allow'],
    [5, undefined, undefined, 'allow'],
    [5, 5, undefined, 'allow'],
    [5, 6, 5, 'allow'],
    [5, 4, undefined, 'cost_limit_exceeded'],
    [1, 0, undefined, 'cost_limit_exceeded'],
    [0, 0, 0, 'allow'],
    [5, undefined, 4, 'cost_limit_exceeded'],
    [5, 10, 4, 'cost_limit_exceeded'],
    [5, 4, 10, 'cost_limit_exceeded'],
  ])('costs %j, caller’s limit %j, host’s limit %j: %s', (costPerCallUnits, caller, host, expected) => {
    const request = caller === undefined ? {} : { maxCostUnits: caller };
    const limits = host === undefined ? {} : { maxCostUnits: host };
    expect(outcome({ riskLevel: 'low', costPerCallUnits }, request, limits)).toBe(expected);
  });
});

describe('approval', () => {
  it.each([
    ['low', false, undefined, 'allow'],
    ['medium', false, undefined, 'allow'],
    ['medium', false, false, 'allow'],
    ['high', false, undefined, 'approval_required'],
    ['high', false, false, 'approval_required'],
    ['high', false, true, 'allow'],
    ['low', true, undefined, 'approval_required'],
    ['low', true, false, 'approval_required'],
    ['low', true, true, 'allow'],
    ['high', true, undefined, 'approval_required'],
    ['high', true, true, 'allow'],
  ] as const)('risk %s, approval %s, confirmed %s: %s', (riskLevel, human, confirmRisky, expected) => {
    const request = confirmRisky === undefined ? {} : { confirmRisky };
    expect(outcome({ riskLevel, humanApprovalRequired: human }, request)).toBe(expected);
  });
});

it('a refusal names the limit that was met', () => {
  const told = (causes: Causes) => {
    const decision = decided(causes);
    return decision.decision === 'refuse' ? decision.message : undefined;
  };
  expect(REFUSALS.map((code) => told(cause[code](harmless)))).toEqual([
    'Provider p is revoked',
    'Provider p is blocked',
    'Agent a is blocked',
    'region: the agent is offered in AU; say where the call comes from',
    'max_cost_units: a call costs 5 units, more than 4',
    'confirm_risky: the agent needs the approval of a person; send true to go ahead',
  ]);
});
