import { beforeAll, expect, it } from 'vitest';
import { post, type Wire } from '../../support/rpc.ts';
import { until } from '../../support/until.ts';
import { type Place, visit } from '../place.ts';

/** Who comes in with what, and what they see there. */
export function signIn(at: () => Place): void {
  let admin: Wire;
  let reader: Wire;

  beforeAll(async () => {
    const { url } = at().product;
    ({ body: admin } = await post(`${url}/v1/admin/keys`, { name: 'boss', scopes: ['admin'] }));
    const withKey = { authorization: `Bearer ${admin.key}` };
    ({ body: reader } = await post(
      `${url}/v1/admin/keys`,
      { name: 'reader', scopes: ['agents:read'] },
      withKey,
    ));
    await until('the door is closed', async () => (await fetch(`${url}/v1/me`)).status === 401 || undefined);
  });

  it('asks for a key, says why it takes none that is wrong, and lets in', () =>
    visit(at(), '#/receipts', async (page) => {
      const field = page.getByLabel('API key');
      await field.fill('ak_wrong');
      await field.press('Enter');
      await page.getByRole('alert').getByText('refused').waitFor();
      await field.fill(admin.key);
      await field.press('Enter');
      // Where it was going to.
      await page.getByRole('heading', { level: 1, name: 'Receipts' }).waitFor();
      await page.getByText('key:boss').waitFor();
      await page.reload();
      await page.getByText('key:boss').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await field.waitFor();
      expect(await page.evaluate('sessionStorage.length')).toBe(0);
    }));

  it('shows nobody what they may not do', () =>
    visit(
      at(),
      '#/operate',
      async (page) => {
        await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
        expect(await page.getByRole('navigation').getByRole('link').allTextContents()).toEqual(['Agents']);
      },
      { key: reader.key },
    ));
}
