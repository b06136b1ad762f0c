import type { Browser, BrowserContextOptions } from 'playwright-core';
import { expect } from 'vitest';
import { type WatchedPage, watchedPage } from '../support/browser.ts';
import type { Product } from '../support/product.ts';

/** What the suites share. */
export interface Place {
  product: Product;
  /** What it was started with. */
  env: Record<string, string>;
  browser: Browser;
}

/** How much wider a page is than what one sees of it, in pixels. */
export const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

interface VisitOptions extends BrowserContextOptions {
  /** An API key to be signed in with. */
  key?: string;
}

/** Opens the console at a place in it, such as `#/agents`, does the work there, and finds that nothing went wrong in the page. */
export async function visit(
  { product, browser }: Place,
  hash: string,
  work: (page: WatchedPage['page']) => Promise<void>,
  { key, ...options }: VisitOptions = {},
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    if (key !== undefined)
      await context.addInitScript(`sessionStorage.setItem('console.credential', '${key}')`);
    const { page, wrong } = await watchedPage(context);
    await page.goto(`${product.url}/${hash}`);
    await work(page);
    expect(wrong).toEqual([]);
  } finally {
    await context.close();
  }
}
