import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, type Product, startProduct } from '../support/product.ts';
import { agentUrl, rpc, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' } as const;
const deployment = (n: 1 | 2 | 3): string => new URL(`./fixtures/deploy-${n}`, import.meta.url).pathname;

describe('deploys', () => {
  let ground: TestGround;

  beforeAll(async () => {
    ground = await startGround();
  });

  afterEach(endAllProducts);
  afterAll(() => ground?.stop());

  const start = (n: 1 | 2 | 3, env: Record<string, string> = {}): Promise<Product> =>
    startProduct({ ...ground.env, WORKFLOWS: deployment(n), ...env });

  const send = async ({ url }: Product, text: string, taskId?: string): Promise<Wire> => {
    const message = userMessage(text, taskId === undefined ? {} : { taskId });
    return (await rpc(agentUrl(url, 'asker'), 'SendMessage', { message }, V1)).body.result.task;
  };
  const get = async ({ url }: Product, id: string): Promise<Wire> =>
    (await rpc(agentUrl(url, 'asker'), 'GetTask', { id }, V1)).body.result;

  /** An answer may be accepted before the worker of the task's code is up. */
  const saidAtTheEnd = async (product: Product, id: string): Promise<string> => {
    const { status } = await until('the end of the task', async () => {
      const task = await get(product, id);
      return task.status.state === 'TASK_STATE_COMPLETED' ? task : undefined;
    });
    return status.message.parts[0].text;
  };

  it('old tasks finish on old code, new ones start on new, also when the old process is gone', async () => {
    const first = await start(1);
    const old = await send(first, 'hello');
    expect(old.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    const older = await send(first, 'hello');
    await first.end('SIGTERM');

    const second = await start(2);
    const fresh = await send(second, 'hello');
    expect(fresh.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    await send(second, 'A', old.id);
    await send(second, 'B', fresh.id);
    expect(await saidAtTheEnd(second, old.id)).toBe('first deployment heard A');
    expect(await saidAtTheEnd(second, fresh.id)).toBe('second deployment heard B');
    const newer = await send(second, 'hello');
    await second.end('SIGTERM');

    // The code of both earlier deployments runs here then.
    const third = await start(3);
    await send(third, 'C', older.id);
    await send(third, 'D', newer.id);
    expect(await saidAtTheEnd(third, older.id)).toBe('first deployment heard C');
    expect(await saidAtTheEnd(third, newer.id)).toBe('second deployment heard D');
  });

  const back = 'a deployment that is taken back starts new tasks on its code again';
  it.runIf(process.env.FULL)(back, { timeout: 180_000 }, async () => {
    const second = await start(2);
    await second.end('SIGTERM');
    const first = await start(1);
    const task = await send(first, 'hello');
    await send(first, 'C', task.id);
    expect(await saidAtTheEnd(first, task.id)).toBe('first deployment heard C');
  });

  it.runIf(process.env.FULL)(
    'without versions the task, the metrics and doctor say what is stuck, until it is mended',
    async () => {
      const off = { WORKER_VERSIONING: 'false' };
      const first = await start(1, off);
      const old = await send(first, 'hello');
      await first.end('SIGTERM');
      const second = await start(2, off);
      const message = userMessage('D', { taskId: old.id });
      const params = { message, configuration: { returnImmediately: true } };
      await rpc(agentUrl(second.url, 'asker'), 'SendMessage', params, V1);
      const stuck = await until(
        'the task says that it cannot go on',
        async () => {
          const task = await get(second, old.id);
          return task.status.message?.parts[0].text.includes('cannot go on') ? task : undefined;
        },
        240_000,
      );
      expect(stuck.status.state).toBe('TASK_STATE_WORKING');
      const ready = (await (await fetch(`${second.url}/readyz`)).json()) as Wire;
      expect(ready.stuck).toEqual([
        { task: old.id, agent: 'asker', problem: expect.stringMatching(/nondeterminism/i) },
      ]);
      const metrics = await (await fetch(`${second.url}/metrics`)).text();
      expect(metrics).toMatch(/^agent_host_stuck_tasks 1$/m);
      await second.end('SIGTERM');

      const mended = await start(1, off);
      const end = await until(
        'the task has ended',
        async () => {
          const task = await get(mended, old.id);
          return task.status.state === 'TASK_STATE_COMPLETED' ? task : undefined;
        },
        240_000,
      );
      expect(end.status.message.parts[0].text).toBe('first deployment heard D');
    },
    600_000,
  );
});
