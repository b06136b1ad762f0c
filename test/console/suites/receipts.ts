import { beforeAll, expect, it } from 'vitest';
import { GatewayClient } from '../../support/gateway.ts';
import { type Place, visit } from '../place.ts';

/** Receipts, and the proof of them in the browser. */
export function receipts(at: () => Place): void {
  let refused = '';
  let made = '';

  beforeAll(async () => {
    const gateway = new GatewayClient(at().product.url);
    ({ receipt_id: refused } = (await gateway.invoke('order-refund', { message: 'refund order 12' })).body);
    ({ receipt_id: made } = (await gateway.invoke('echo', { message: 'hello' })).body);
  });

  it('lists receipts, narrows them, and says why a call was refused', () =>
    visit(at(), '#/receipts', async (page) => {
      await page.getByLabel('Status').selectOption('Rejected');
      await page.getByRole('grid').getByText('approval_required').first().click();
      await page.getByText('The agent needs a person’s approval').waitFor();
      await page.goto(`${at().product.url}/#/receipts/${refused}`);
      await page.getByText('Nothing was changed').waitFor();
    }));

  it('finds a receipt that was changed on its way', () =>
    visit(at(), '', async (page) => {
      await page.route(`**/v1/receipts/${made}?*`, async (route) => {
        const answer = await route.fetch();
        const body = await answer.json();
        body.receipt.cost_units = 100;
        body.request.message = 'another';
        await route.fulfill({ response: answer, json: body });
      });
      await page.goto(`${at().product.url}/#/receipts/${made}`);
      await page.getByText('This receipt does not hold').waitFor();
      await page.getByText('the signature does not fit what it signs').waitFor();
      await page.getByText('the request is not the one its digest is of').waitFor();
    }));

  it('checks all of them here, and finds what is missing', () =>
    visit(at(), '#/receipts', async (page) => {
      await page.getByRole('button', { name: 'Export and check' }).click();
      const check = page.getByRole('button', { name: 'Check them all here' });
      await check.click();
      await page.getByText(/receipts are as signed, and none is missing/).waitFor();
      await page.route('**/v1/receipts/export', async (route) => {
        const answer = await route.fetch();
        const lines = (await answer.text()).trim().split('\n');
        await route.fulfill({ response: answer, body: [lines[0], ...lines.slice(2)].join('\n') });
      });
      await check.click();
      await page.getByText(/number 1 of provider local is missing/).waitFor();
      expect(await page.locator('dialog .note.bad').count()).toBe(1);
    }));
}
