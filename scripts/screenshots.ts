/**
 * The README's pictures of the console, made of a host of their own: `npm run screenshots`.
 * They go to docs/screenshots, or into the folder that is named.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startBrowser } from '../test/support/browser.ts';
import { endAllProducts, startProduct, temporaryDataDir } from '../test/support/product.ts';

interface Picture {
  name: string;
  hash: string;
  colorScheme?: 'light' | 'dark';
  /** Pixels; as wide as a phone's. */
  narrow?: true;
  /** What must be there, or done, before it is taken. */
  ready(page: Page): Promise<unknown>;
}

const seen = (text: string) => (page: Page) => page.getByText(text).first().waitFor();

const PICTURES: Picture[] = [
  { name: 'agents', hash: '#/agents', ready: seen('Signature valid') },
  { name: 'agent', hash: '#/agents/order-refund', colorScheme: 'dark', ready: seen('Answers') },
  { name: 'calls', hash: '#/agents/echo?tab=calls', ready: seen('Find it') },
  {
    name: 'try',
    hash: '#/agents/trip-planner?tab=try',
    ready: async (page) => {
      await page.getByText('Words').click();
      await page.getByLabel('What you want').fill('3 days in Lisbon, food and art, budget 90 EUR');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('heading', { name: 'Day 3' }).waitFor();
    },
  },
  {
    name: 'tasks',
    hash: '#/tasks',
    ready: (page) => page.getByRole('grid').getByText('Completed').first().waitFor(),
  },
  {
    name: 'task',
    hash: '#/tasks',
    ready: async (page) => {
      await page
        .getByRole('grid')
        .getByText('Trip planner')
        .or(page.getByRole('grid').getByText('trip-planner'))
        .first()
        .click();
      await page.getByRole('img', { name: /life of/ }).waitFor();
    },
  },
  {
    name: 'receipts',
    hash: '#/receipts',
    ready: async (page) => {
      await page.getByRole('grid').getByText('approval_required').first().click();
      await page.getByText('Nothing was changed').waitFor();
    },
  },
  { name: 'operate', hash: '#/operate', colorScheme: 'dark', ready: seen('Refusals by reason') },
  {
    name: 'question',
    hash: '#/agents/expense-approval?tab=try',
    colorScheme: 'dark',
    narrow: true,
    ready: async (page) => {
      await page.getByText('Words').click();
      await page.getByLabel('What you want').fill('1,200 USD conference ticket for Ada');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('form', { name: 'Question' }).scrollIntoViewIfNeeded();
    },
  },
];

const folder = process.argv[2] ?? fileURLToPath(new URL('../docs/screenshots', import.meta.url));
const data = await temporaryDataDir();
const [product, browser] = await Promise.all([
  startProduct({ DATA_DIR: data.path, PORT: process.env.PORT ?? '8042' }),
  startBrowser(),
]);
/** Something to be seen: calls that went well, one that waits, one that policy refused. */
async function call(agent: string, body: object): Promise<void> {
  await fetch(`${product.url}/v1/agents/${agent}/invoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

try {
  await call('echo', { message: 'Hello there' });
  await call('document-digest', { message: '# Minutes\nWe met on Monday about the budget.' });
  await call('expense-approval', { message: '1,200 USD conference ticket for Ada', region: 'DE' });
  await call('order-refund', { message: 'Refund ORD-1001, the mugs arrived broken' });
  await mkdir(folder, { recursive: true });
  for (const { name, hash, colorScheme = 'light', narrow, ready } of PICTURES) {
    const viewport = narrow ? { width: 390, height: 844 } : { width: 1280, height: 860 };
    const context = await browser.newContext({
      viewport,
      colorScheme,
      locale: 'en-GB',
      deviceScaleFactor: 1,
    });
    const page = await context.newPage();
    await page.goto(`${product.url}/${hash}`);
    await ready(page);
    await page.evaluate('document.fonts.ready');
    await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
    await context.close();
  }
} finally {
  await browser.close();
  await endAllProducts();
  await data.remove();
}
