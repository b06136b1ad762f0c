import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The system's browser, or the one that Playwright was given; undefined where there is none. */
export const CHROMIUM = [...PLACES, chromium.executablePath()].find((path) => existsSync(path));

if (CHROMIUM === undefined) console.warn('No Chromium on this machine: what needs a browser is not tested.');

const ARGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a profile of its own, which is gone when it is closed. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM ?? '', args: ARGS, chromiumSandbox: false });

/** A page, with all that went wrong in it: errors of its scripts, and what its policy refused. */
export interface WatchedPage {
  page: Page;
  wrong: string[];
}

export async function watchedPage(context: BrowserContext): Promise<WatchedPage> {
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    // A refused request is told here, too; what the page makes of it is tested by itself.
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) wrong.push(text);
  });
  return { page, wrong };
}
