/** The console in a real browser, against the running product: one of each for all its pages. */
import { afterAll, beforeAll, describe } from 'vitest';
import { CHROMIUM, startBrowser } from '../support/browser.ts';
import { killAllProducts, startProduct, temporaryDataDir } from '../support/product.ts';
import type { Place } from './place.ts';
import { access } from './suites/access.ts';
import { agents } from './suites/agents.ts';
import { frame } from './suites/frame.ts';
import { manyTasksInTheList } from './suites/many-tasks.ts';
import { operate } from './suites/operate.ts';
import { receipts } from './suites/receipts.ts';
import { signIn } from './suites/sign-in.ts';
import { tasks } from './suites/tasks.ts';
import { tryIt } from './suites/try.ts';

const place: Partial<Place> = {};
const at = (): Place => place as Place;

describe.runIf(CHROMIUM)('the console', () => {
  let data: Awaited<ReturnType<typeof temporaryDataDir>>;

  beforeAll(async () => {
    data = await temporaryDataDir();
    const env = { DATA_DIR: data.path };
    const [product, browser] = await Promise.all([startProduct(env), startBrowser()]);
    Object.assign(place, { product, env, browser });
  });

  afterAll(async () => {
    await place.browser?.close();
    await killAllProducts();
    await data.remove();
  });

  describe('its frame', () => frame(at));
  describe('agents', () => agents(at));
  describe('tasks', () => tasks(at));
  describe('many tasks', () => manyTasksInTheList(at));
  describe('operate', () => operate(at));
  describe('receipts', () => receipts(at));
  describe('trying an agent', () => tryIt(at));
  describe('whoever uses it', () => access(at));
  // Last: once there is a key, nobody comes in without one.
  describe('sign-in', () => signIn(at));
});
