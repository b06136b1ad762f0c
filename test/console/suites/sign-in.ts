import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AUDIENCE,
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../support/authorization-server.ts';
import { startProduct } from '../../support/product.ts';
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
      // No header can carry it.
      await field.fill('żółć');
      await field.press('Enter');
      await page.getByRole('alert').getByText('characters that no key has').waitFor();
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

  it('makes a key that is shown once, lets in, is listed by its beginning, and is revoked', () =>
    visit(
      at(),
      '#/operate/keys',
      async (page) => {
        await page.getByRole('button', { name: 'Make a key' }).click();
        const dialog = page.getByRole('dialog', { name: 'Make a key' });
        await dialog.getByLabel('Who calls with it').fill('robot');
        await dialog.getByLabel('Call agents').uncheck();
        await dialog.getByRole('button', { name: 'Make it' }).click();
        await dialog.getByText('It is shown this once').waitFor();
        const key = (await dialog.locator('pre').textContent()) ?? '';
        const status = async (path: string, body?: object) => {
          const asked = body && { method: 'POST', body: JSON.stringify(body) };
          const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
          return (await fetch(`${at().product.url}${path}`, { ...asked, headers })).status;
        };
        expect(await status('/v1/agents')).toBe(200);
        expect(await status('/v1/agents/echo/invoke', { message: 'x' })).toBe(403);
        await dialog.getByRole('button', { name: 'Done' }).click();
        const row = page.getByRole('row').filter({ hasText: 'robot' });
        await row.getByText(key.split('_', 2).join('_'), { exact: true }).waitFor();
        await row.getByText('agents:read', { exact: true }).waitFor();
        expect(await page.content()).not.toContain(key);
        await row.getByRole('button', { name: 'Revoke robot' }).click();
        await page
          .getByRole('dialog', { name: 'Revoke the key' })
          .getByRole('button', { name: 'Revoke', exact: true })
          .click();
        await row.getByText('Revoked').waitFor();
        await until('the key is refused', async () => (await status('/v1/agents')) === 401 || undefined);
      },
      { key: admin.key },
    ));

  it('shows nobody what they may not do', () =>
    visit(
      at(),
      '#/operate',
      async (page) => {
        await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
        expect(await page.getByRole('navigation').getByRole('link').allTextContents()).toEqual(['Agents']);
        // On a phone, too, one sees who one is, and goes.
        await page.getByText('key:reader').waitFor();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByLabel('API key').waitFor();
      },
      { key: reader.key, viewport: { width: 390, height: 800 } },
    ));

  it('ends for whoever’s key is revoked, while they are in', async () => {
    const { url } = at().product;
    const withKey = { authorization: `Bearer ${admin.key}` };
    const { body } = await post(`${url}/v1/admin/keys`, { name: 'guest', scopes: ['agents:read'] }, withKey);
    await visit(
      at(),
      '#/agents',
      async (page) => {
        await page.getByText('key:guest').waitFor();
        await post(`${url}/v1/admin/keys/${body.id}/revoke`, {}, withKey);
        await until('the key is gone', async () => {
          const headers = { authorization: `Bearer ${body.key}` };
          return (await fetch(`${url}/v1/me`, { headers })).status === 401 || undefined;
        });
        await page.evaluate("location.hash = '#/agents?q=echo'");
        await page.getByLabel('API key').waitFor();
      },
      { key: body.key },
    );
  });

  describe('at an issuer', () => {
    let issuer: AuthorizationServer;

    beforeAll(async () => {
      issuer = await startAuthorizationServer();
      await at().product.end('SIGTERM');
      at().product = await startProduct({
        ...at().env,
        AUTH_ISSUER: issuer.issuer,
        AUTH_AUDIENCE: AUDIENCE,
        CONSOLE_CLIENT_ID: 'console',
        CONSOLE_SCOPE: 'openid agents:read receipts:read',
      });
    });

    afterAll(() => issuer.stop());

    it('leads there, and back to where one was, with what one may do there', () =>
      visit(at(), '#/receipts', async (page) => {
        await page.getByRole('button', { name: /^Sign in with 127/ }).click();
        await page.waitForURL(`${issuer.issuer}/**`);
        await page.locator('input[name=login]').fill('ada');
        await page.locator('input[name=password]').fill('any');
        await page.locator('button[type=submit]').click();
        await page.locator('button[type=submit]').getByText('Continue').click();
        await page.getByRole('heading', { level: 1, name: 'Receipts' }).waitFor();
        await page.getByText(`${issuer.issuer}#ada`).waitFor();
        expect(new URL(page.url()).search).toBe('');
        const links = page.getByRole('navigation').getByRole('link');
        expect(await links.allTextContents()).toEqual(['Agents', 'Receipts']);
      }));

    it('says what the issuer says against it', () =>
      visit(at(), '', async (page) => {
        await page.getByRole('button', { name: /^Sign in with 127/ }).waitFor();
        await page.evaluate('sessionStorage.setItem(\'console.sign-in\', \'{"state":"s","hash":""}\')');
        await page.goto(`${at().product.url}/?code=forged&state=other`);
        await page.getByRole('alert').getByText('refused').waitFor();
      }));
  });
}
