import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { OVERFLOW, type Place, visit } from '../place.ts';

/** Each place in the console, with something that is there once it is whole. */
const PLACES: [hash: string, shows: string][] = [
  ['#/agents', 'Signature valid'],
  ['#/agents?q=xyzzy', 'No agent matches'],
  ['#/agents/trip-planner', 'Answers'],
  ['#/agents/trip-planner?tab=try', 'Nothing sent yet'],
  ['#/agents/echo?tab=calls', 'Find it'],
  ['#/agents/echo?tab=card', 'supportedInterfaces'],
  ['#/tasks', 'Live'],
  ['#/receipts', 'Export'],
  ['#/operate', 'Refusals'],
];

const SHAPES = [
  ['wide and light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['on a phone and dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
] as const;

interface Found {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

/** What axe finds that would keep somebody out. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<Found>('axe.run()');
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** For whoever sees little, uses no mouse, or holds a phone. */
export function access(at: () => Place): void {
  describe.each(SHAPES)('%s', (_shape, options) => {
    it('keeps nobody out', () =>
      visit(
        at(),
        '',
        async (page) => {
          for (const [hash, shows] of PLACES) {
            await page.goto(`${at().product.url}/${hash}`);
            await page.getByText(shows).first().waitFor();
            expect({ hash, found: await barriers(page), over: await page.evaluate(OVERFLOW) }).toEqual({
              hash,
              found: [],
              over: 0,
            });
          }
        },
        options,
      ));
  });

  it('is used by keyboard alone', () =>
    visit(at(), '#/agents', async (page) => {
      await page.getByText('Signature valid').first().waitFor();
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.type('echo');
      await page.getByText('1 agent', { exact: true }).waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      const tab = page.getByRole('tab', { name: 'Overview' });
      await tab.focus();
      await page.keyboard.press('ArrowRight');
      await page.getByLabel('What you want').focus();
      await page.keyboard.type('By keyboard');
      await page.keyboard.press('Control+Enter');
      await page.getByText('Completed', { exact: true }).waitFor();
      expect(await barriers(page)).toEqual([]);
    }));
}
