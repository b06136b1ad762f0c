/** Idempotency-Key on both facades: the same answer again, whatever dies meanwhile. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/client.ts';
import type { PrismaClient } from '../../src/storage/generated/client.ts';
import { PrismaKeyStore } from '../../src/storage/key-store.ts';
import { PrismaProviderStore } from '../../src/storage/provider-store.ts';
import { purgeExpired } from '../../src/storage/purge.ts';
import { startCardServer } from '../support/card-server.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { asking, InvokeCaller, newSession } from '../support/invoke.ts';
import { killAllProducts, type Product, startProduct } from '../support/product.ts';
import { type Answer, post, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const WORKFLOWS = new URL('./fixtures/invoke', import.meta.url).pathname;
const LONG = process.env.FULL !== undefined;
let ground: TestGround;
let env: Record<string, string>;
let host: Product;
let client: InvokeCaller;
let db: PrismaClient;

beforeAll(async () => {
  ground = await startGround();
  env = { ...ground.env, WORKFLOWS, SEND_WAIT: '3' };
  host = await startProduct(env);
  client = new InvokeCaller(host.url);
  db = openDatabase({ url: ground.databaseUrl, poolSize: 2 });
});

afterAll(async () => {
  await db.$disconnect();
  await killAllProducts();
  await ground.stop();
});

const keyed = (key: string = randomUUID()) => ({ 'Idempotency-Key': key });
const replayed = ({ headers }: Answer) => headers.get('idempotent-replayed');
/** As it is when the process dies, or the client goes, before the answer is kept. */
const loseAnswer = (key: Record<string, string>) =>
  db.$executeRaw`update idempotency_key set status = null, headers = null, body = null, held_until = null
    where key = ${key['Idempotency-Key'] ?? ''}`;
const made = async (sessionId: string) => ({
  tasks: await db.task.count({ where: { contextId: sessionId } }),
  receipts: await db.receipt.count({ where: { contextId: sessionId } }),
});

/** Asks again while another request is at work on the key, as a client would. */
const settled = (ask: () => Promise<Answer>): Promise<Answer> =>
  until('an answer that is not 409', async () => {
    const answer = await ask();
    if (answer.status === 409) expect(answer.headers.get('retry-after')).toBe('1');
    return answer.status === 409 ? undefined : answer;
  });

describe('the invoke facade', () => {
  it('gives the first answer again, with the new request’s id', async () => {
    const sessionId = newSession();
    const key = randomUUID();
    const params = asking('caller', 'show', { sessionId });
    const body = { jsonrpc: '2.0', id: 'first', method: 'a2a.sendMessage', params };
    const first = await client.post(body, keyed(key));
    expect({ status: first.status, replayed: replayed(first) }).toEqual({ status: 200, replayed: null });
    const second = await client.post({ ...body, id: 'second' }, keyed(`"${key}"`));
    expect(replayed(second)).toBe('true');
    expect(second.body).toEqual({ ...first.body, id: 'second' });
    // The order of its fields is no part of a body.
    const third = await client.post({ params, method: 'a2a.sendMessage', jsonrpc: '2.0' }, keyed(key));
    expect(third.body).toEqual({ jsonrpc: '2.0', result: first.body.result });
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
  });

  it('another body: 422', async () => {
    const key = keyed();
    await client.invoke(asking('caller', 'show'), key);
    const { status, body } = await client.send(asking('caller', 'other'), key);
    expect({ status, body }).toEqual({ status: 422, body: { status: 422, message: expect.any(String) } });
  });

  it.each(['', '""', 'x'.repeat(256)])('a key that is none (%j): 400', async (key) => {
    const { status, body } = await client.send(asking('caller', 'show'), keyed(key));
    expect({ status, message: body.message }).toEqual({
      status: 400,
      message: expect.stringMatching(/^Idempotency-Key /),
    });
  });

  it('at work: 409 with Retry-After, then the answer', async () => {
    const sessionId = newSession();
    const key = keyed();
    const ask = () => client.send(asking('caller', 'slow', { sessionId }), key);
    const first = ask();
    await until('the call is made', async () => (await made(sessionId)).receipts === 1 || undefined);
    const second = await ask();
    expect({ status: second.status, retry: second.headers.get('retry-after'), body: second.body }).toEqual({
      status: 409,
      retry: '1',
      body: { status: 409, message: expect.stringMatching(/Idempotency-Key/) },
    });
    const { body } = await first;
    expect((await ask()).body).toEqual(body);
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
  });

  it('a call that is not taken does not use up its key', async () => {
    const key = keyed();
    const refused = [
      asking('caller', []),
      asking('nobody', 'show'),
      asking('caller', 'show', { skillIds: ['none'] }),
      asking('caller', 'show', { taskId: randomUUID() }),
      asking('caller', [{ data: { amount: 'much' } }]),
    ];
    for (const params of refused) expect((await client.send(params, key)).body.error).toBeDefined();
    const { status, body } = await client.send(asking('caller', 'show'), key);
    expect({ status, state: body.result?.task.status }).toEqual({ status: 200, state: 'COMPLETED' });
  });

  it('a refusal by policy is an answer', async () => {
    const sessionId = newSession();
    const key = keyed();
    const ask = () => client.invoke(asking('guarded', 'x', { sessionId }), key);
    const first = await ask();
    expect(first.status).toBe('REJECTED');
    expect(await ask()).toEqual(first);
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
  });

  it('a client that went away finds its task', async () => {
    const sessionId = newSession();
    const key = keyed();
    const params = asking('caller', 'slow', { sessionId });
    const gone = new AbortController();
    const first = fetch(`${client.base}/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...key },
      body: JSON.stringify({ jsonrpc: '2.0', method: 'a2a.sendMessage', params }),
      signal: gone.signal,
    });
    await until('the call is made', async () => (await made(sessionId)).tasks === 1 || undefined);
    gone.abort();
    await expect(first).rejects.toThrow();
    const { body } = await settled(() => client.send(params, key));
    await client.reached(body.result.task.id, 'COMPLETED');
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
  });

  it('a key of yesterday is forgotten', async () => {
    const key = randomUUID();
    const first = await client.invoke(asking('caller', 'show'), keyed(key));
    const past = new Date(Date.now() - 1_000);
    await db.idempotencyKey.updateMany({ where: { key }, data: { expiresAt: past } });
    const second = await client.invoke(asking('caller', 'show'), keyed(key));
    expect(second.id).not.toBe(first.id);
    await db.idempotencyKey.updateMany({ where: { key }, data: { expiresAt: past } });
    await purgeExpired(db);
    expect(await db.idempotencyKey.count({ where: { key } })).toBe(0);
  });

  it('a cancel is answered as the first time', async () => {
    const { id } = await client.invoke(
      asking('caller', 'wait', { configuration: { returnImmediately: true } }),
    );
    const key = keyed();
    const cancel = () => post(`${client.base}/tasks/${id}/cancel`, '', key);
    const first = await cancel();
    expect(first).toMatchObject({ status: 200, body: { status: 'CANCELED' } });
    const second = await cancel();
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(replayed(second)).toBe('true');
  });

  it('of a session whose task asks: a try that was broken off is gone on with, and tells nothing twice', async () => {
    const sessionId = newSession();
    for (const text of ['ask', 'the red one']) {
      const key = keyed();
      const call = () => client.invoke(asking('caller', text, { sessionId }), key);
      const first = await call();
      await loseAnswer(key);
      for (const again of [await call(), await call()]) expect(again).toEqual(first);
    }
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 2 });
    const [task] = await db.task.findMany({ where: { contextId: sessionId }, include: { messages: true } });
    expect(task?.messages.filter(({ role }) => role === 'user')).toHaveLength(2);
  });

  it('a try that was broken off before its agent had it has its own receipt, the next one another', async () => {
    const sessionId = newSession();
    await client.invoke(asking('caller', 'ask', { sessionId }));
    const key = keyed();
    const call = () => client.invoke(asking('caller', 'the red one', { sessionId }), key);
    const first = await call();
    await loseAnswer(key);
    const [last] = await db.receipt.findMany({
      where: { contextId: sessionId },
      orderBy: { startedAt: 'desc' },
    });
    const result = { stderr: 'The call was broken off before it reached the agent' };
    await db.receipt.update({ where: { id: last?.id ?? '' }, data: { status: 'failed', result } });
    expect(await call()).toEqual(first);
    const receipts = await db.receipt.findMany({
      where: { contextId: sessionId },
      orderBy: { startedAt: 'asc' },
    });
    expect(receipts.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'succeeded']);
  });

  it('a message with its own id comes again without a key: its task', async () => {
    const sessionId = newSession();
    for (const text of ['ask', 'the red one']) {
      const params = asking('caller', text, { sessionId });
      params.message.messageId = randomUUID();
      const first = await client.invoke(params);
      expect((await client.invoke(params)).id).toBe(first.id);
    }
    expect((await made(sessionId)).tasks).toBe(1);
  });

  it('a cancel whose answer was lost: the canceled task; of one that another has canceled: 409', async () => {
    const { id } = await client.invoke(
      asking('caller', 'wait', { configuration: { returnImmediately: true } }),
    );
    const key = keyed();
    const cancel = (with_ = key) => post(`${client.base}/tasks/${id}/cancel`, '', with_);
    const first = await cancel();
    await loseAnswer(key);
    expect(await cancel()).toMatchObject({ status: 200, body: { id, status: 'CANCELED' } });
    expect((await cancel()).body).toEqual(first.body);
    const ended = { status: 409, body: { status: 409, message: expect.any(String) } };
    expect(await cancel(keyed())).toEqual({ ...ended, headers: expect.anything() });
    const atWork = keyed();
    await db.idempotencyKey.updateMany({
      where: { key: key['Idempotency-Key'] },
      data: { key: atWork['Idempotency-Key'], status: null, heldUntil: new Date(Date.now() + 10_000) },
    });
    expect(await cancel(atWork)).toEqual({ ...ended, headers: expect.anything() });
  });

  it('a refusal that was broken off is one task', async () => {
    const sessionId = newSession();
    const key = keyed();
    const ask = () => client.invoke(asking('guarded', 'x', { sessionId }), key);
    const first = await ask();
    await loseAnswer(key);
    expect(await ask()).toEqual(first);
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
  });
});

describe('the gateway', () => {
  const invoke = (path: string, body: Wire, key: Record<string, string>) =>
    post(`${host.url}/v1/agents/${path}`, body, key);

  it.each(['caller/invoke', 'caller/invoke-async'])('%s: one receipt, one answer', async (path) => {
    const context_id = newSession();
    const key = keyed();
    const body = { message: 'show', context_id };
    const first = await invoke(path, body, key);
    expect(first.status).toBe(200);
    const second = await invoke(path, { context_id, message: 'show' }, key);
    expect({ ...second, headers: undefined }).toEqual({ ...first, headers: undefined });
    expect(replayed(second)).toBe('true');
    expect(await made(context_id)).toEqual({
      tasks: expect.any(Number),
      receipts: 1,
    });
    expect(await invoke(path, { ...body, message: 'text' }, key)).toMatchObject({
      status: 422,
      body: { error: { code: 'key_reused' } },
    });
  });

  it('a refusal by policy is an answer; a body that cannot be read is none', async () => {
    const key = keyed();
    expect((await invoke('guarded/invoke', { mesage: 'x' }, key)).status).toBe(400);
    const first = await invoke('guarded/invoke', { message: 'x' }, key);
    expect(first).toMatchObject({ status: 403, body: { receipt_id: expect.any(String) } });
    expect((await invoke('guarded/invoke', { message: 'x' }, key)).body).toEqual(first.body);
  });

  it('keys are of one route and one caller', async () => {
    const key = keyed();
    const sessionId = newSession();
    await client.invoke(asking('caller', 'show', { sessionId }), key);
    const answer = await invoke('caller/invoke', { message: 'show', context_id: sessionId }, key);
    expect({ status: answer.status, replayed: replayed(answer) }).toEqual({ status: 200, replayed: null });
  });

  it('what it registers is registered once', async () => {
    const key = keyed();
    const provider = { provider_id: `p-${randomUUID()}`, name: 'One' };
    const create = () => post(`${host.url}/v1/providers`, provider, key);
    const first = await create();
    expect(first.status).toBe(201);
    expect(await create()).toMatchObject({ status: 201, body: first.body });
    expect((await post(`${host.url}/v1/providers`, provider)).status).toBe(409);
    await loseAnswer(key);
    expect(await create()).toMatchObject({ status: 201, body: first.body });
  });
});

describe('what is done, and not known to be: its answer was lost', () => {
  const ask = (path: string, body: Wire | '' = '', key: Record<string, string> = {}) =>
    post(`${host.url}/v1${path}`, body, key);
  const remove = async (path: string) => (await fetch(`${host.url}/v1${path}`, { method: 'DELETE' })).status;
  /** Asks, loses the answer, lets something else happen, and asks again. */
  async function twice(
    path: string,
    body: Wire,
    between: (first: Wire) => Promise<unknown>,
  ): Promise<Answer[]> {
    const key = keyed();
    const first = await ask(path, body, key);
    expect(first.status).toBeLessThan(300);
    await loseAnswer(key);
    await between(first.body);
    const second = await ask(path, body, key);
    // Now there is an answer to be kept.
    if (second.status < 300) expect(replayed(await ask(path, body, key))).toBe('true');
    return [first, second];
  }
  const reason = { reason: 'a trial' };

  it.each([
    ['agent', 'longhaul', '/admin/agents/longhaul'],
    ['provider', 'local', '/admin/providers/local'],
  ])('a switch is turned once, and stays as it was turned since: %s', async (subject, subjectId, path) => {
    const [first, second] = await twice(`${path}/block`, reason, () => ask(`${path}/unblock`, reason));
    expect(second?.body).toEqual(first?.body);
    expect(first?.body.status).toBe('blocked');
    expect(await db.switchChange.count({ where: { subject, subjectId, change: 'block' } })).toBe(1);
    const of = subject === 'agent' ? '/agents/longhaul' : '/agents/caller';
    await until('it is open', async () => {
      const { status } = (await (await fetch(`${host.url}/v1${of}`)).json()) as Wire;
      return status === 'active' || undefined;
    });
  });

  it('a credential is stored once; one that was removed since does not come back', async () => {
    const credential = { provider_id: 'local', auth_model: 'bearer', token: 'a-token-of-some-length' };
    const [first, second] = await twice('/auth-contexts', credential, ({ auth_context_id }) =>
      remove(`/auth-contexts/${auth_context_id}`),
    );
    expect(second?.body).toEqual(first?.body);
    expect(await db.authContext.count()).toBe(0);
  });

  it('a verdict is given once', async () => {
    const { body } = await ask('/agents/caller/invoke', { message: 'show' });
    const path = `/receipts/${body.receipt_id}/verify`;
    const [first, second] = await twice(path, { verification: 'failed', reason: 'looks odd' }, () =>
      ask(path, { verification: 'verified', reason: 'it is right' }),
    );
    expect(second?.body).toEqual(first?.body);
    const { receipt } = (await (await fetch(`${host.url}/v1/receipts/${body.receipt_id}`)).json()) as Wire;
    expect(receipt.verification).toBe('verified');
    expect(await db.receiptVerdict.count({ where: { receiptId: body.receipt_id } })).toBe(2);
  });

  it('an agent is published once; one that was unpublished since is not there again', async () => {
    const cards = await startCardServer();
    try {
      await cards.sign({ version: '1.0.0' });
      const agent = { agent_id: 'elsewhere', card_url: cards.cardUrl, allow_private: true };
      const [first, second] = await twice('/agents', agent, async () => {});
      expect(second).toMatchObject({ status: 201, body: { agent_id: first?.body.agent_id } });
      expect(await remove('/agents/elsewhere')).toBe(204);
      const [, third] = await twice('/agents', agent, () => remove('/agents/elsewhere'));
      expect(third?.status).toBe(404);
      expect(await db.remoteAgent.count()).toBe(0);
    } finally {
      await cards.close();
    }
  });

  it('a workflow is published once, and told as it was', async () => {
    const workflow = {
      description: 'Comes later.',
      name: 'Later',
      version: '1.0.0',
      plain: { workflowType: 'later', taskQueue: 'later' },
    };
    const skills = [{ id: 'later', name: 'Later', description: 'Later.', tags: ['test'] }];
    const agents = [{ code: 'later', skills, ...workflow }];
    const [first, second] = await twice('/admin/agents', { agents }, () => remove('/admin/agents/later'));
    expect(first?.body.agents).toEqual([{ agent_id: 'later', version: '1.0.0', changed: true }]);
    expect(second?.body).toEqual(first?.body);
    const { agents: versions } = (await (await fetch(`${host.url}/v1/admin/agents`)).json()) as Wire;
    expect(versions).toMatchObject([{ agent_id: 'later', status: 'draining' }]);
  });

  it('a task is canceled once', async () => {
    const { id } = await client.invoke(
      asking('caller', 'wait', { configuration: { returnImmediately: true } }),
    );
    const path = `/agents/caller/tasks/${id}/cancel`;
    const [first, second] = await twice(path, {}, async () => {});
    expect(second).toMatchObject({ status: 200, body: { status: 'canceled', task_id: first?.body.task_id } });
    expect((await ask(path, {}, keyed())).status).toBe(409);
  });

  it('of two tries at once one does it', async () => {
    const claim = {
      caller: 'local',
      route: 'POST /v1/admin/agents/ticker/block',
      key: randomUUID(),
      fingerprint: 'x',
      id: randomUUID(),
      held: true,
    };
    await new PrismaKeyStore(db).take(claim);
    const turn = {
      subject: 'agent',
      id: 'ticker',
      change: 'unblock',
      by: 'local',
      reason: 'x',
      claim,
    } as const;
    const providers = new PrismaProviderStore(db);
    const tries = await Promise.allSettled([providers.turn(turn), providers.turn(turn)]);
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(tries.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'key_in_use' },
    });
    expect(await db.switchChange.count({ where: { subjectId: 'ticker' } })).toBe(1);
  });
});

describe('a process that dies', () => {
  const POINTS = [
    'open:before',
    'open:after',
    'accept:before',
    'accept:after',
    'start:after',
    'finish:before',
    'finish:after',
    'keep:before',
    'keep:after',
  ];

  it.runIf(LONG).each(POINTS)(
    'at %s leaves nothing, or a key that finds its task',
    async (point) => {
      const victim = await startProduct({ ...env, ROLE: 'host', KILL_AT: point });
      const sessionId = newSession();
      const key = keyed();
      const params = asking('caller', 'show', { sessionId });
      await expect(new InvokeCaller(victim.url).send(params, key)).rejects.toThrow();
      expect(await victim.exited).toMatchObject({ signal: 'SIGKILL' });
      const answer = await settled(() => client.send(params, key));
      expect(answer).toMatchObject({
        status: 200,
        body: { result: { task: { sessionId, status: 'COMPLETED' } } },
      });
      expect((await client.send(params, key)).body).toEqual(answer.body);
      expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
      await until('the receipt is final', async () => {
        const receipt = await db.receipt.findFirst({ where: { contextId: sessionId } });
        return receipt?.status === 'succeeded' ? receipt : undefined;
      });
    },
    120_000,
  );

  it.runIf(LONG).each(
    ['accept:after', 'keep:before', 'finish:before'].flatMap((point) =>
      // A refusal is not accepted: its receipt's end is the first there is to break off.
      (point === 'accept:after' ? ['ask', 'answer'] : ['ask', 'answer', 'refused']).map((what) => ({
        point,
        what,
      })),
    ),
  )(
    'at $point leaves one task of a session: $what',
    async ({ point, what }) => {
      const sessionId = newSession();
      if (what === 'answer') await client.invoke(asking('caller', 'ask', { sessionId }));
      // An answer is no new task: it is appended to the one that asks.
      const at = point === 'accept:after' && what === 'answer' ? 'append:after' : point;
      const victim = await startProduct({ ...env, ROLE: 'host', KILL_AT: at });
      const key = keyed();
      const params = asking(what === 'refused' ? 'guarded' : 'caller', what, { sessionId });
      const lost = Array.from({ length: 25 }, () =>
        new InvokeCaller(victim.url).send(params, key).catch(() => client.send(params, key)),
      );
      if (!(what === 'ask' && point === 'finish:before')) {
        expect(await victim.exited).toMatchObject({ signal: 'SIGKILL' });
      }
      await Promise.all(lost);
      const answers = await Promise.all(lost.map(() => settled(() => client.send(params, key))));
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      const [first] = answers;
      const status = { ask: 'INPUT_REQUIRED', answer: 'COMPLETED', refused: 'REJECTED' }[what];
      await client.reached(first?.body.result.task.id, status ?? '');
      expect(await made(sessionId)).toEqual({ tasks: 1, receipts: what === 'answer' ? 2 : 1 });
    },
    120_000,
  );

  it('50 identical requests to two processes, one of which is killed: one workflow, one receipt, one answer', async () => {
    const victim = await startProduct({ ...env, ROLE: 'host', KILL_AT: 'accept:after' });
    const sessionId = newSession();
    const key = keyed();
    const params = asking('caller', 'slow', { sessionId });
    const other = new InvokeCaller(victim.url);
    const together = (of: InvokeCaller) =>
      Array.from({ length: 25 }, () =>
        of
          .send(params, key)
          // A client whose connection breaks asks again, elsewhere.
          .catch(() => client.send(params, key)),
      );
    const asked = together(other);
    // It is the victim's work, and ends the victim in the middle of it: the task accepted, its workflow not begun.
    await until('the call is made', async () => (await made(sessionId)).receipts === 1 || undefined);
    asked.push(...together(client));
    expect(await victim.exited).toMatchObject({ signal: 'SIGKILL' });
    for (const answer of await Promise.all(asked)) expect([200, 409]).toContain(answer.status);
    const answers = await Promise.all(asked.map(() => settled(() => client.send(params, key))));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const [first] = answers;
    await client.reached(first?.body.result.task.id, 'COMPLETED');
    expect(await made(sessionId)).toEqual({ tasks: 1, receipts: 1 });
  }, 120_000);
});
