import { expect, it } from 'vitest';
import { type Place, visit } from '../place.ts';

/** What stands around every page. */
export function frame(at: () => Place): void {
  it('leads from page to page, and back', () =>
    visit(at(), '', async (page) => {
      await page.waitForURL('**/#/agents');
      const nav = page.getByRole('navigation', { name: 'Pages' });
      await nav.getByRole('link', { name: 'Receipts' }).click();
      await page.getByRole('heading', { level: 1, name: 'Receipts' }).waitFor();
      expect(await page.title()).toBe('Receipts · Agent host');
      expect(await nav.locator('[aria-current=page]').textContent()).toBe('Receipts');
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Agents' }).waitFor();
    }));

  it('shows the colours of the device, or those that were asked for, and remembers them', () =>
    visit(
      at(),
      '#/agents',
      async (page) => {
        const background = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
        const dark = await background();
        const button = page.getByRole('button', { name: /^Colours/ });
        await button.click();
        expect(await background()).not.toBe(dark);
        await page.reload();
        await button.waitFor();
        expect(await background()).not.toBe(dark);
        await button.click();
        expect(await background()).toBe(dark);
      },
      { colorScheme: 'dark' },
    ));
}
