/** Push notifications (A2A v1.0 §3.1.7 to §3.1.10, §4.3) against real webhook servers that fail in every way. */
import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { killAllProducts, type Product, runProduct, startProduct } from '../support/product.ts';
import { agentUrl, call, olderMessage, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';
import { type Notification, ok, startWebhook, status, type Webhook } from '../support/webhook.ts';

const V1 = { version: '1.0' };
let ground: TestGround;
let product: Product;
let db: PrismaClient;
const webhooks: Webhook[] = [];
const start = (env: Record<string, string> = {}) =>
  startProduct({ ...ground.env, PUSH_ALLOW: '127.0.0.1', ...env });

beforeAll(async () => {
  ground = await startGround();
  db = openDatabase({ url: ground.databaseUrl, poolSize: 2 });
  product = await start();
});

afterEach(async () => {
  await Promise.all(webhooks.splice(0).map((webhook) => webhook.close()));
});

afterAll(async () => {
  await db?.$disconnect();
  await killAllProducts();
  await ground?.stop();
});

const hook = async (answer = ok): Promise<Webhook> => {
  const webhook = await startWebhook(answer);
  webhooks.push(webhook);
  return webhook;
};
const url = (code: string) => agentUrl(product.url, code);
const v1 = (code: string, method: string, params: Wire): Promise<Wire> => call(url(code), method, params, V1);
const get = (code: string, id: string): Promise<Wire> => v1(code, 'GetTask', { id });

/** Begins a task whose changes go to the webhooks of the configs. */
async function send(code: string, parts: Wire, config?: Wire, extra: Wire = {}): Promise<Wire> {
  const configuration = {
    returnImmediately: true,
    ...(config && { taskPushNotificationConfig: config }),
  };
  return (await v1(code, 'SendMessage', { message: userMessage(parts, extra), configuration })).task;
}

const chair = [{ data: { amount: 900, currency: 'EUR', purpose: 'a chair' } }];
const document = (sections: number) =>
  Array.from({ length: sections }, (_, at) => `# Part ${at}\nSome words here.`).join('\n');

const stateOf = ({ body }: Notification): string | undefined =>
  body.statusUpdate?.status.state.replace('TASK_STATE_', '').toLowerCase();
const ended = (webhook: Webhook, withinMs = 30_000) =>
  until(
    'the final state',
    () => webhook.taken.find((each) => /completed|failed|canceled/.test(stateOf(each) ?? '')),
    withinMs,
  );
const deliveries = async (code: string, id: string): Promise<Wire[]> =>
  ((await (await fetch(`${url(code)}/tasks/${id}/deliveries`)).json()) as Wire).deliveries;

/** The version each notification tells of, from its id. */
const versionsOf = (notifications: Notification[]): number[] =>
  notifications.map(({ headers }) => Number(String(headers['webhook-id']).split('.')[1]));

describe('a webhook', () => {
  it('set with a send hears of each change, in order, as the stream does (§4.3.3)', async () => {
    const webhook = await hook();
    const task = await send('document-digest', document(3), { url: webhook.url });
    await ended(webhook);
    expect(webhook.received.every(({ body }) => Object.keys(body).length === 1)).toBe(true);
    const names = webhook.received.flatMap(({ body }) => body.artifactUpdate?.artifact.name ?? []);
    expect(new Set(names)).toEqual(new Set(['outline', 'word-counts', 'keywords']));
    const versions = versionsOf(webhook.received);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(webhook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(versions.length);
    expect(webhook.received.every(({ text }) => text.includes(task.id))).toBe(true);
  });

  it('is told its token and credentials, and can verify the signature with the published key', async () => {
    const webhook = await hook();
    const authentication = { scheme: 'Bearer', credentials: 'for-the-hook' };
    await send('echo', 'x', { url: webhook.url, token: 'mine', authentication });
    const { headers, text } = await ended(webhook);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer for-the-hook',
      'x-a2a-notification-token': 'mine',
    });
    const { keys } = (await (await fetch(`${product.url}/.well-known/jwks.json`)).json()) as Wire;
    const [version, signature] = String(headers['webhook-signature']).split(',');
    expect(version).toBe('v1a');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
    const key = createPublicKey({ key: keys[0], format: 'jwk' });
    expect(verify(null, Buffer.from(signed), key, Buffer.from(signature ?? '', 'base64'))).toBe(true);
    const age = Date.now() / 1_000 - Number(headers['webhook-timestamp']);
    expect(Math.abs(age)).toBeLessThan(300);
    const [stored] = await db.pushConfig.findMany({ where: { url: webhook.url } });
    expect(stored?.secrets).not.toMatch(/for-the-hook|mine/);
  });

  it('of v0.3 is told the task, with the shape of v0.3', async () => {
    const webhook = await hook();
    const params = {
      message: olderMessage('older'),
      configuration: { blocking: false, pushNotificationConfig: { url: webhook.url, token: 't' } },
    };
    const task = await call(url('echo'), 'message/send', params);
    const { body, headers } = await until('the end', () =>
      webhook.taken.find((each) => each.body.status.state === 'completed'),
    );
    expect(body).toMatchObject({ kind: 'task', id: task.id, contextId: task.contextId });
    expect(body.artifacts[0].parts[0]).toMatchObject({ kind: 'text', text: 'older' });
    expect(headers['x-a2a-notification-token']).toBe('t');
    const listed = await call(url('echo'), 'tasks/pushNotificationConfig/list', { id: task.id });
    expect(listed).toMatchObject([
      { taskId: task.id, pushNotificationConfig: { id: task.id, url: webhook.url, token: 't' } },
    ]);
  });

  it('of the older names is set and got by the id its client chose', async () => {
    const webhook = await hook();
    const id = `mine-${randomUUID()}`;
    const message = { role: 'user', parts: [{ type: 'data', data: chair[0]?.data }] };
    await call(url('expense-approval'), 'tasks/send', { id, message });
    const config = { url: webhook.url, authentication: { schemes: ['Bearer', 'Basic'], credentials: 'c' } };
    const set = await call(url('expense-approval'), 'tasks/pushNotification/set', {
      id,
      pushNotificationConfig: config,
    });
    expect(set).toMatchObject({ id, pushNotificationConfig: { id, url: webhook.url } });
    expect(await call(url('expense-approval'), 'tasks/pushNotification/get', { id })).toEqual(set);
    await call(url('expense-approval'), 'tasks/send', {
      id,
      message: { role: 'user', parts: [{ type: 'text', text: 'yes' }] },
    });
    const { body, headers } = await until('the end', () =>
      webhook.taken.find((each) => each.body.status.state === 'completed'),
    );
    expect(body.id).toBe(id);
    expect(headers.authorization).toBe('Bearer c');
  });

  it('set on a waiting task hears of what comes after; deleted, of nothing more', async () => {
    const [kept, dropped] = [await hook(), await hook()];
    const task = await send('expense-approval', chair);
    await until('the question', async () =>
      /INPUT/.test((await get('expense-approval', task.id)).status.state) ? true : undefined,
    );
    const config = await v1('expense-approval', 'CreateTaskPushNotificationConfig', {
      taskId: task.id,
      url: kept.url,
    });
    const other = { taskId: task.id, id: 'dropped' };
    await v1('expense-approval', 'CreateTaskPushNotificationConfig', { ...other, url: dropped.url });
    await v1('expense-approval', 'DeleteTaskPushNotificationConfig', other);
    await v1('expense-approval', 'DeleteTaskPushNotificationConfig', other);
    await send('expense-approval', 'yes', undefined, { taskId: task.id });
    await ended(kept);
    expect(dropped.received).toEqual([]);
    // On the ended task too: it has no more to tell.
    const late = await v1('expense-approval', 'CreateTaskPushNotificationConfig', {
      taskId: task.id,
      id: 'late',
      url: dropped.url,
    });
    const { configs } = await v1('expense-approval', 'ListTaskPushNotificationConfigs', { taskId: task.id });
    expect(configs).toEqual([config, late].toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    await until('all is delivered', async () =>
      (await deliveries('expense-approval', task.id)).every(({ state }) => state === 'done')
        ? true
        : undefined,
    );
    expect(dropped.received).toEqual([]);
  });
});

describe('what a webhook does wrong', () => {
  it('errors, and a pause that it asks for: nothing is lost, the order stays, the others do not wait', async () => {
    const [bad, good] = [await hook(status(500)), await hook()];
    const task = await send(
      'document-digest',
      document(2),
      { url: bad.url, id: 'bad' },
      {
        metadata: { pauseMs: 300 },
      },
    );
    await v1('document-digest', 'CreateTaskPushNotificationConfig', {
      taskId: task.id,
      id: 'good',
      url: good.url,
    });
    await ended(good);
    expect(bad.taken).toEqual([]);
    const [failing] = await deliveries('document-digest', task.id);
    expect(failing).toMatchObject({ id: 'bad', state: 'live', problem: 'answered 500', delivered: 0 });
    const line = product
      .log()
      .split('\n')
      .find((each) => each.includes('a webhook took nothing'));
    expect(JSON.parse(line ?? '')).toMatchObject({
      taskId: task.id,
      webhook: 'bad',
      problem: 'answered 500',
      failures: 1,
      dueAt: expect.any(String),
    });
    bad.answer = status(429, { 'Retry-After': '3' });
    const asked = await until('the next try', () =>
      bad.received.find((_, at) => at >= 1 && at === bad.received.length - 1),
    );
    await until('a refusal with 429', async () =>
      (await deliveries('document-digest', task.id))[0].problem === 'answered 429' ? true : undefined,
    );
    const tries = bad.received.length;
    const last = bad.received[tries - 1] as Notification;
    bad.answer = ok;
    await ended(bad);
    expect((bad.received[tries] as Notification).at - last.at).toBeGreaterThanOrEqual(2_900);
    expect(asked).toBeDefined();
    const versions = versionsOf(bad.taken);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(versions[0]).toBe(1);
    expect(new Set(bad.received.slice(0, tries).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it.runIf(process.env.FULL)(
    'a stall: given up after 15 seconds, the others hear of later changes meanwhile, however many stall',
    async () => {
      const [stalling, good] = [await hook(() => {}), await hook()];
      const task = await send('expense-approval', chair, { url: stalling.url, id: 'a' });
      await until('the stalled try', () => stalling.received[0]);
      const ids = Array.from({ length: 150 }, (_, at) => `a-${at}`);
      const configs = ids.map((id) => ({ id, url: `${stalling.url}/${id}` }));
      for (const config of [...configs, { id: 'b', url: good.url }]) {
        await v1('expense-approval', 'CreateTaskPushNotificationConfig', { taskId: task.id, ...config });
      }
      await send('expense-approval', 'yes', undefined, { taskId: task.id });
      await ended(good);
      // None that stalls had been given up by then.
      expect(new Set(stalling.received.map(({ path }) => path)).size).toBe(stalling.received.length);
      stalling.answer = ok;
      await until(
        'the end for all',
        () => stalling.taken.filter((each) => stateOf(each) === 'completed').length === 151 || undefined,
        100_000,
      );
      const [first, second] = stalling.received.filter(({ path }) => path === '/hook') as [
        Notification,
        Notification,
      ];
      expect(second.at - first.at).toBeGreaterThanOrEqual(15_000);
    },
    150_000,
  );

  it('410 ends it, and what it was not told is shown', async () => {
    const [gone, good] = [await hook(status(410)), await hook()];
    const task = await send(
      'document-digest',
      document(2),
      { url: gone.url, id: 'gone' },
      {
        metadata: { pauseMs: 200 },
      },
    );
    await v1('document-digest', 'CreateTaskPushNotificationConfig', {
      taskId: task.id,
      id: 'z',
      url: good.url,
    });
    await ended(good);
    expect(gone.received).toHaveLength(1);
    expect((await deliveries('document-digest', task.id))[0]).toMatchObject({ id: 'gone', state: 'gone' });
    const metrics = await (await fetch(`${product.url}/metrics`)).text();
    expect(metrics).toMatch(/^agent_host_push_configs\{state="undelivered"\} 1$/m);
    const shown = await runProduct(['push', task.id, '--url', product.url], {});
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringMatching(/gone .*410/s) });
    expect(shown.stdout).toContain(gone.url);
  });

  it('a redirect to a host that is not allowed: not followed; what comes back is told all', async () => {
    const secret = await hook();
    const hop = await hook(status(302, { Location: `http://localhost:${secret.port}/inside` }));
    const task = await send('echo', 'x', { url: hop.url });
    await until('the failure', async () =>
      /redirects are not followed/.test((await deliveries('echo', task.id))[0].problem ?? '')
        ? true
        : undefined,
    );
    hop.answer = status(308, { Location: secret.url });
    await until('another try', () => (hop.received.length >= 2 ? true : undefined));
    hop.answer = ok;
    await ended(hop);
    expect(secret.received).toEqual([]);
  });

  it('a day without success: given up; set anew it is told the rest', async () => {
    const bad = await hook(status(503));
    const task = await send('echo', 'x', { url: bad.url, id: 'mine' });
    const [failing] = await until('the failure', async () => {
      const found = await deliveries('echo', task.id);
      return found[0].failures > 0 ? found : undefined;
    });
    expect(failing.state).toBe('live');
    await db.$executeRaw`update push_config set failing_since = now() - interval '25 hours' where task_id = ${task.id}::uuid`;
    await until('the end of patience', async () =>
      (await deliveries('echo', task.id))[0].state === 'expired' ? true : undefined,
    );
    bad.answer = ok;
    await v1('echo', 'CreateTaskPushNotificationConfig', { taskId: task.id, url: bad.url, id: 'mine' });
    await ended(bad);
    await until('all is noted', async () =>
      (await deliveries('echo', task.id))[0].state === 'done' ? true : undefined,
    );
  });

  it.each([
    'http://[::1]:PORT/',
    'http://[::ffff:7f00:2]:PORT/',
    'http://127.0.0.2:PORT/',
    'http://0.0.0.0:PORT/',
    'http://2130706434:PORT/',
  ])('%s, which PUSH_ALLOW does not name: never reached', async (address) => {
    const inside = await hook();
    const task = await send('echo', 'x', { url: address.replace('PORT', String(inside.port)) });
    const problem = await until('the refusal', async () => (await deliveries('echo', task.id))[0].problem);
    expect(problem).toBe('the address is not allowed');
    expect(inside.received).toEqual([]);
  });
});

describe('kill -9', () => {
  it('in the midst of deliveries: each webhook is told all of it, in order', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, () => hook()));
    const [first, ...others] = all as [Webhook, ...Webhook[]];
    const task = await send(
      'document-digest',
      document(20),
      { url: first.url },
      { metadata: { pauseMs: 100 } },
    );
    for (const { url: at } of others) {
      await v1('document-digest', 'CreateTaskPushNotificationConfig', { taskId: task.id, url: at });
    }
    // One stalls as the host dies.
    first.answer = () => {};
    const before = first.received.length;
    await until('a stalled try', () => (first.received.length > before ? true : undefined));
    await product.end('SIGKILL');
    first.answer = ok;
    product = await start();
    await Promise.all(all.map((webhook) => ended(webhook, 50_000)));
    const versions = versionsOf(first.taken);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    const { version } = await db.task.findUniqueOrThrow({ where: { id: task.id } });
    expect(new Set(versions)).toEqual(new Set(Array.from({ length: version }, (_, at) => at + 1)));
  }, 90_000);
});

it.runIf(process.env.FULL)(
  'a thousand webhooks on one task, some of them dead, cost one workflow and their posts',
  async () => {
    const webhook = await hook();
    const dead = await hook(status(500));
    const task = await send('expense-approval', chair);
    await until('the question', async () =>
      /INPUT/.test((await get('expense-approval', task.id)).status.state) ? true : undefined,
    );
    const ids = Array.from({ length: 1_000 }, (_, at) => `config-${String(at).padStart(4, '0')}`);
    for (let from = 0; from < ids.length; from += 50) {
      await Promise.all(
        ids.slice(from, from + 50).map(async (id) => {
          const at = id.endsWith('7') && id.startsWith('config-00') ? dead : webhook;
          const config = { taskId: task.id, id, url: `${at.url}/${id}` };
          expect((await v1('expense-approval', 'CreateTaskPushNotificationConfig', config)).id).toBe(id);
        }),
      );
    }
    const page = await v1('expense-approval', 'ListTaskPushNotificationConfigs', {
      taskId: task.id,
      pageSize: 600,
    });
    expect(page.configs).toHaveLength(600);
    const rest = await v1('expense-approval', 'ListTaskPushNotificationConfigs', {
      taskId: task.id,
      pageSize: 600,
      pageToken: page.nextPageToken,
    });
    expect([...page.configs, ...rest.configs].map(({ id }: Wire) => id)).toEqual(ids);
    await send('expense-approval', 'yes', undefined, { taskId: task.id });
    const finals = () => webhook.taken.filter((each) => stateOf(each) === 'completed');
    await until('everyone alive has heard', () => (finals().length === 990 ? true : undefined));
    expect(new Set(finals().map(({ path }) => path)).size).toBe(990);
    // Nothing was told twice.
    expect(webhook.taken).toHaveLength(webhook.received.length);
    dead.answer = ok;
    await until('the dead are back', () =>
      dead.taken.filter((each) => stateOf(each) === 'completed').length === 10 ? true : undefined,
    );
  },
  120_000,
);
