import { beforeAll, expect, it } from 'vitest';
import { GatewayClient } from '../../support/gateway.ts';
import { type Place, visit } from '../place.ts';

/** How the host does, and the switches. */
export function operate(at: () => Place): void {
  let gateway: GatewayClient;

  beforeAll(async () => {
    gateway = new GatewayClient(at().product.url);
    await gateway.invoke('echo', { message: 'hello' });
    await gateway.invoke('order-refund', { message: 'refund order 12' });
  });

  it('plots what happened, and says what is not done', () =>
    visit(at(), '#/operate', async (page) => {
      for (const title of ['Tasks by state', 'Latency of calls', 'Queue lag', 'Refusals by reason'])
        await page.getByRole('img', { name: new RegExp(`^${title}; at most \\d`) }).waitFor();
      await page.getByRole('listitem').getByText('approval_required').waitFor();
      await page.getByRole('button', { name: 'Last hour' }).click();
      await page.getByRole('img', { name: /^Tasks by state/ }).hover({ position: { x: 60, y: 60 } });
      expect(await page.locator('.plot .pointer').count()).toBe(1);
      expect(page.url()).toContain('time=hour');
    }));

  it('blocks an agent for a reason, which the audit log has, and unblocks it', () =>
    visit(at(), '#/operate/agents', async (page) => {
      const turn = async (change: string, reason: string) => {
        await page.getByRole('button', { name: `${change} trip-planner` }).click();
        const dialog = page.getByRole('dialog', { name: `${change} trip-planner` });
        expect(await dialog.getByRole('button', { name: change, exact: true }).isDisabled()).toBe(true);
        await dialog.getByLabel('Why').fill(reason);
        await dialog.getByText('Recorded as done by local').waitFor();
        await dialog.getByRole('button', { name: change, exact: true }).click();
        await dialog.waitFor({ state: 'detached' });
      };
      await turn('Block', 'a closer look');
      await page.getByRole('grid').getByText('Blocked').waitFor();
      const refused = await gateway.invoke('trip-planner', { message: 'Lisbon' });
      expect(refused.body.error.code).toBe('agent_blocked');
      await turn('Unblock', 'looked at');
      await page.getByRole('tab', { name: 'Audit' }).click();
      await page.getByRole('grid').getByText('a closer look').waitFor();
    }));

  it('says before the first key is made that it closes the door', () =>
    visit(at(), '#/operate/keys', async (page) => {
      await page.getByRole('button', { name: 'Make a key' }).click();
      await page.getByText('The first key closes the door').waitFor();
      const admin = page.getByLabel('Everything');
      expect(await admin.isChecked()).toBe(true);
      await admin.uncheck();
      await page.getByText('Without admin this key makes no other').waitFor();
    }));

  it('stores a credential whose secret is not seen again, and forgets it', () =>
    visit(at(), '#/operate/contexts', async (page) => {
      await page.getByRole('button', { name: 'Store a credential' }).click();
      await page.getByLabel('Provider').fill('local');
      await page.getByLabel('Secret').fill('a-long-secret-token');
      await page.getByRole('button', { name: 'Store', exact: true }).click();
      await page.getByRole('grid').getByText('oken').waitFor();
      expect(await page.content()).not.toContain('a-long-secret-token');
      await page.getByRole('button', { name: /^Forget/ }).click();
      const dialog = page.getByRole('dialog', { name: 'Forget the credential' });
      await dialog.getByRole('button', { name: 'Forget', exact: true }).click();
      await page.getByText('No credentials are stored').waitFor();
    }));
}
