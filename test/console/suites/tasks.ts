import { beforeAll, expect, it } from 'vitest';
import { GatewayClient } from '../../support/gateway.ts';
import { type Place, visit } from '../place.ts';

/** Many tasks at a glance, and one of them as a picture. */
export function tasks(at: () => Place): void {
  let gateway: GatewayClient;
  let asking = '';

  beforeAll(async () => {
    gateway = new GatewayClient(at().product.url);
    await gateway.invoke('echo', { message: 'hello' });
    ({ task_id: asking } = (
      await gateway.invoke('expense-approval', { message: '900 USD desk', region: 'DE' })
    ).body);
  });

  it('lists tasks, narrows them, and shows changes as they happen', () =>
    visit(at(), '#/tasks', async (page) => {
      const grid = page.getByRole('grid', { name: 'Tasks' });
      const row = grid.getByRole('row').filter({ hasText: asking.slice(0, 8) });
      await row.getByText('Input required').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      // Behind other tabs it holds no connection.
      const turn = (state: string) =>
        page.evaluate(
          `Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' });
          document.dispatchEvent(new Event('visibilitychange'));`,
        );
      await turn('hidden');
      await page.getByText('Live', { exact: true }).waitFor({ state: 'detached' });
      await turn('visible');
      await page.getByText('Live', { exact: true }).waitFor();
      await gateway.invoke('expense-approval', { message: 'no', task_id: asking, region: 'DE' });
      await row.getByText('Completed').waitFor();
      await page.getByLabel('Agent', { exact: true }).fill('echo');
      await page.getByLabel('Agent', { exact: true }).press('Enter');
      await row.waitFor({ state: 'detached' });
      expect(page.url()).toContain('agent_id=echo');
    }));

  it('draws where a task’s time went, and says it in words', () =>
    visit(at(), `#/tasks/${asking}`, async (page) => {
      await page.getByRole('img', { name: /The task’s life of .* stretches/ }).waitFor();
      const titles = await page.locator('svg .bar title').allTextContents();
      expect(titles.some((title) => /^Waiting for its caller \(Input required\): \d/.test(title))).toBe(true);
      const bars = await page.locator('svg .bar rect').count();
      expect(bars).toBeGreaterThanOrEqual(3);
      await page.getByRole('listitem').filter({ hasText: '900 USD desk' }).first().waitFor();
      await page.getByRole('link', { name: 'Its receipt' }).click();
      await page.getByText('Nothing was changed').waitFor();
    }));
}
