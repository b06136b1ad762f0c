/** What is above Temporal's limits, through the whole product. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { agentUrl, call, userMessage, type Wire } from '../support/rpc.ts';

const V1 = { version: '1.0' };
const WORKFLOWS = new URL('../workflow-kit/fixtures-limits/agents', import.meta.url).pathname;
const dataDir = await temporaryDataDir();
let product: Product;

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: dataDir.path, WORKFLOWS });
});

afterAll(async () => {
  await endAllProducts();
  await dataDir.remove();
});

const send = async (code: string, message: Wire): Promise<Wire> =>
  (await call(agentUrl(product.url, code), 'SendMessage', { message }, V1)).task;
const said = (task: Wire): string => task.status.message.parts[0].text;

describe('what an agent gives', () => {
  it('below the limit is kept whole', async () => {
    const task = await send('bulky', userMessage('1400000'));
    expect(task.status.state).toBe('TASK_STATE_COMPLETED');
    expect(task.artifacts[0].parts[0].text).toHaveLength(1_400_000);
  });

  it('above the limit fails the task at once, with its size', async () => {
    const task = await send('bulky', userMessage('3000000'));
    expect(task.status.state).toBe('TASK_STATE_FAILED');
    expect(said(task)).toBe('task.artifact bulk has 3,000,057 bytes, at most 1,500,000 are taken');
  });
});

describe('a conversation longer than one run of a workflow', () => {
  // A megabyte each: Temporal soon suggests a new run. Each message is sent twice, at once or later.
  const filler = 'x'.repeat(1_000_000);

  it('is one task that takes each message once', async () => {
    const first = await send('ledger', userMessage('begin'));
    const { id } = first;
    const older: Wire[] = [];
    for (let entry = 2; entry <= 16; entry++) {
      const message = userMessage([{ text: `${entry} ${filler}` }], { taskId: id, messageId: randomUUID() });
      const answers = await Promise.all([send('ledger', message), send('ledger', message)]);
      for (const task of answers) expect([task.id, said(task)]).toEqual([id, `Entry ${entry} is in`]);
      older.push(message);
      const again = older[Math.floor(Math.random() * older.length)];
      expect(said(await send('ledger', again))).toBe(`Entry ${entry} is in`);
    }
    const done = await send('ledger', userMessage('end', { taskId: id }));
    expect([done.status.state, said(done)]).toEqual(['TASK_STATE_COMPLETED', '16 entries']);
    const users = done.history.filter(({ role }: Wire) => role === 'ROLE_USER');
    expect(users).toHaveLength(17);
  });
});
