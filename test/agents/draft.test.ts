import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAgentsFile } from '../../src/agents/agents-file.ts';
import { draftAgentsFile } from '../../src/agents/draft.ts';

const seen = (workflowType: string, taskQueue: string, args = 1) => ({
  workflowType,
  taskQueue,
  count: 2,
  args,
  child: false,
});

test('what only other workflows begin is named in a draft, and is no agent of it', () => {
  const draft = draftAgentsFile([
    seen('PriceOrder', 'orders'),
    { ...seen('Step\n2', 'orders'), child: true },
  ]);
  expect(draft).toContain('begin them: ["Step\\n2","orders"]\nagents:\n');
  expect(draft.match(/workflowType: .*/g)).toEqual(['workflowType: PriceOrder']);
});

test('a draft is an agents.yaml that can be published, with a code for each', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agents-draft-'));
  try {
    const draft = draftAgentsFile([
      seen('PriceOrder', 'orders'),
      seen('price_order', 'orders-eu', 2),
      seen('PriceOrder', 'Orders/EU', 0),
      seen('…', 'q'),
      seen('A'.repeat(200), 'q'.repeat(200)),
    ]);
    await writeFile(join(folder, 'agents.yaml'), draft);
    const agents = ((await readAgentsFile(folder)) ?? []).map(({ definition }) => definition);
    expect(agents.slice(0, 4).map(({ code }) => code)).toEqual([
      'price-order',
      'price-order-orders-eu',
      'price-order-orders-eu-2',
      'workflow',
    ]);
    expect(agents.map(({ plain }) => plain?.args)).toEqual([
      undefined,
      ['$.data.arg1', '$.data.arg2'],
      [],
      undefined,
      undefined,
    ]);
    expect(agents[0]).toMatchObject({
      name: 'Price order',
      plain: { workflowType: 'PriceOrder', taskQueue: 'orders' },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
