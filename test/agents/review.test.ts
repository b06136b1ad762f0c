import { describe, expect, it } from 'vitest';
import { type AgentDefinition, defineAgent } from '../../src/agents/definition.ts';
import { loadAgents } from '../../src/agents/loader.ts';
import { reviewProfile, reviewVersion } from '../../src/agents/review.ts';

it('an agent without a review is of low risk, free, and called from anywhere', () => {
  expect(reviewProfile()).toEqual({
    riskLevel: 'low',
    humanApprovalRequired: false,
    allowedRegions: [],
    costPerCallUnits: 0,
    dataClasses: [],
  });
});

describe('the version', () => {
  const version = (...given: Parameters<typeof reviewProfile>) => reviewVersion(reviewProfile(...given));

  it('is the digest of the canonical profile', () => {
    expect(version()).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('is the same for what means the same', () => {
    expect(version({ riskLevel: 'low', costPerCallUnits: 0 })).toBe(version());
    expect(version({ riskLevel: 'low', allowedRegions: ['nz', 'AU', 'au'] })).toBe(
      version({ riskLevel: 'low', allowedRegions: ['AU', 'NZ'] }),
    );
  });

  it.each([
    { riskLevel: 'medium' },
    { riskLevel: 'low', humanApprovalRequired: true },
    { riskLevel: 'low', allowedRegions: ['AU'] },
    { riskLevel: 'low', costPerCallUnits: 1 },
    { riskLevel: 'low', dataClasses: ['personal'] },
  ] as const)('differs with %j', (declared) => {
    const { allowedRegions, dataClasses, ...rest } = declared as Parameters<typeof reviewProfile>[0] & object;
    const given = { ...rest, ...(allowedRegions && { allowedRegions }), ...(dataClasses && { dataClasses }) };
    expect(version(given)).not.toBe(version());
  });
});

it.each([
  [{ riskLevel: 'extreme' }, 'review.riskLevel'],
  [{}, 'review.riskLevel'],
  [{ riskLevel: 'low', allowedRegions: ['Australia'] }, 'review.allowedRegions.0'],
  [{ riskLevel: 'low', costPerCallUnits: -1 }, 'review.costPerCallUnits'],
  [{ riskLevel: 'low', costPerCallUnits: 1.5 }, 'review.costPerCallUnits'],
  [{ riskLevel: 'low', max_cost: 1 }, 'review'],
])('a review of %j is refused by its field', (review, field) => {
  const definition = {
    code: 'a',
    name: 'A',
    description: 'A',
    version: '1',
    workflow: 'a',
    skills: [{ id: 's', name: 'S', description: 'S', tags: [] }],
    review,
  } as unknown as AgentDefinition;
  expect(() => defineAgent(definition)).toThrow(expect.objectContaining({ code: 'config', field }));
});

it('the shipped agents show every rule', async () => {
  const agents = await loadAgents('workflows');
  const shown = agents.map(({ definition: { code, review } }) => {
    const { riskLevel, humanApprovalRequired, allowedRegions, costPerCallUnits } = reviewProfile(review);
    return [code, riskLevel, humanApprovalRequired, allowedRegions.join(), costPerCallUnits];
  });
  expect(shown).toEqual([
    ['document-digest', 'low', false, '', 2],
    ['echo', 'low', false, '', 0],
    ['expense-approval', 'medium', false, 'AU,DE,NZ', 0],
    ['order-refund', 'high', true, '', 0],
    ['trip-planner', 'medium', false, '', 5],
  ]);
});
