/** Each shipped agent's main story, as its user lives it over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { agentUrl, call, collect, rpc, stream, userMessage, type Wire } from '../support/rpc.ts';
import { until } from '../support/until.ts';

const V1 = { version: '1.0' };
const dataDir = await temporaryDataDir();
let product: Product;
const url = (code: string) => agentUrl(product.url, code);

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: dataDir.path });
});

afterAll(async () => {
  await endAllProducts();
  await dataDir.remove();
});

/** What of a task its user looks at. */
interface Seen {
  id: string;
  state: string;
  says: string;
  /** The first part of each artifact by name: its text or data. */
  artifacts: Record<string, Wire>;
}

function seen(task: Wire): Seen {
  const { id, status, artifacts = [] } = task;
  return {
    id,
    state: status.state.replace('TASK_STATE_', '').toLowerCase(),
    says: status.message?.parts[0].text ?? '',
    artifacts: Object.fromEntries(
      artifacts.map(({ name, parts }: Wire) => [name, parts[0].data ?? parts[0].text]),
    ),
  };
}

/** Sends text or parts to an agent, or to its task that asks. */
async function say(code: string, parts: Wire, extra: Wire = {}, configuration: Wire = {}): Promise<Seen> {
  const message = userMessage(parts, extra);
  const { task } = await call(url(code), 'SendMessage', { message, configuration }, V1);
  return seen(task);
}

const get = async (code: string, id: string) => seen(await call(url(code), 'GetTask', { id }, V1));

describe('an assistant', () => {
  it('is not there without a model', async () => {
    const card = await fetch(`${url('assistant')}/.well-known/agent-card.json`);
    expect(card.status).toBe(404);
    const { error } = (await rpc(url('assistant'), 'SendMessage', { message: userMessage('hello') }, V1))
      .body;
    expect(error.code).toBe(-32000);
    expect((await fetch(`${product.url}/v1/agents/assistant`)).status).toBe(404);
  });
});

describe('echo', () => {
  it('gives back text, data and files as they came', async () => {
    const raw = Buffer.from([0, 255, 1, 254]).toString('base64');
    const parts = [
      { text: 'hello ✓' },
      { data: { list: [1, null, { deep: true }] } },
      { raw, filename: 'a.bin', mediaType: 'application/octet-stream' },
      { url: 'https://example.com/a' },
    ];
    const { task } = await call(url('echo'), 'SendMessage', { message: userMessage(parts) }, V1);
    expect(seen(task)).toMatchObject({ state: 'completed', says: 'hello ✓' });
    expect(task.artifacts[0].parts).toEqual(parts);
  });
});

describe('expense-approval', () => {
  const chair = [{ data: { amount: 500, currency: 'EUR', purpose: 'a chair', employee: 'Ada' } }];

  it('approves a small expense by itself', async () => {
    const task = await say('expense-approval', '45.50 EUR taxi to the airport');
    expect(task).toMatchObject({
      state: 'completed',
      says: 'Approved: 45.50 EUR for “taxi to the airport”, within the limit.',
      artifacts: { decision: { approved: true, decidedBy: 'limit', amount: 45.5, currency: 'EUR' } },
    });
  });

  it('asks a person about a large one, and takes a yes', async () => {
    const { id, state, says } = await say('expense-approval', chair);
    expect({ state, says }).toMatchObject({
      state: 'input_required',
      says: expect.stringMatching(/500\.00 EUR .* by Ada: it is above the limit/),
    });
    const unclear = await say('expense-approval', 'hm, what is it for?', { taskId: id });
    expect(unclear).toMatchObject({ state: 'input_required', says: expect.stringContaining('yes or a no') });
    expect(await say('expense-approval', 'Yes, go ahead', { taskId: id })).toMatchObject({
      id,
      state: 'completed',
      artifacts: { decision: { approved: true, decidedBy: 'approver', employee: 'Ada' } },
    });
  });

  it('takes a no with its comment, as data', async () => {
    const { id } = await say('expense-approval', chair);
    const no = [{ data: { approved: false, comment: 'Too dear' } }];
    expect(await say('expense-approval', no, { taskId: id })).toMatchObject({
      state: 'completed',
      says: expect.stringContaining('Comment: Too dear'),
      artifacts: { decision: { approved: false, decidedBy: 'approver', comment: 'Too dear' } },
    });
  });

  it('asks for what an expense does not tell', async () => {
    const { id, says } = await say('expense-approval', 'a new chair');
    expect(says).toContain('How much');
    expect(await say('expense-approval', '80 euros', { taskId: id })).toMatchObject({
      state: 'completed',
      artifacts: { decision: { amount: 80, currency: 'EUR', purpose: 'new chair' } },
    });
  });

  it('reminds the approver, and rejects when the deadline has passed', async () => {
    const metadata = { remindAfter: '300ms', deadline: '2500ms' };
    const { id } = await say('expense-approval', chair, { metadata });
    const questions: string[] = [];
    for await (const event of stream(url('expense-approval'), 'SubscribeToTask', { id }, V1)) {
      const { status } = event.task ?? event.statusUpdate ?? {};
      if (status?.state === 'TASK_STATE_INPUT_REQUIRED') questions.push(status.message.parts[0].text);
    }
    expect(questions.at(-1)).toMatch(/^Reminder: 500\.00 EUR/);
    expect(await get('expense-approval', id)).toMatchObject({
      state: 'completed',
      says: expect.stringContaining('nobody answered in time'),
      artifacts: { decision: { approved: false, decidedBy: 'deadline' } },
    });
  });

  it('takes an answer to the reminder', async () => {
    const metadata = { remindAfter: '200ms', deadline: '1h' };
    const { id } = await say('expense-approval', chair, { metadata });
    await until('the reminder', async () =>
      (await get('expense-approval', id)).says.startsWith('Reminder') ? true : undefined,
    );
    expect(await say('expense-approval', 'ok', { taskId: id })).toMatchObject({
      artifacts: { decision: { approved: true, decidedBy: 'approver' } },
    });
  });
});

describe('order-refund', () => {
  it('refunds in a conversation: order, reason, consent', async () => {
    const { id, says } = await say('order-refund', 'I want my money back');
    expect(says).toContain('Which order is it?');
    const why = await say('order-refund', 'ORD-1001', { taskId: id });
    expect(why.says).toContain('2 ceramic mugs');
    const consent = await say('order-refund', 'They arrived broken', { taskId: id });
    expect(consent).toMatchObject({
      state: 'input_required',
      says: expect.stringContaining('Shall I refund 24.90 EUR'),
    });
    const done = await say('order-refund', 'yes', { taskId: id });
    expect(done).toMatchObject({ id, state: 'completed', artifacts: { refund: { outcome: 'refunded' } } });
    expect(done.artifacts.refund.done).toHaveLength(4);
  });

  it('undoes what was done when a later step fails', async () => {
    const parts = [{ data: { orderNumber: 'ORD-1003', reason: 'damaged', confirmed: true } }];
    const failed = await say('order-refund', parts);
    expect(failed).toMatchObject({
      state: 'failed',
      says: expect.stringContaining('the card ending 0069 was closed'),
      artifacts: { refund: { outcome: 'failed', failedAt: 'paying back', stuck: [] } },
    });
    const { done, undone } = failed.artifacts.refund;
    expect(done).toHaveLength(2);
    expect(undone).toMatchObject([
      expect.stringContaining('points given back'),
      expect.stringMatching(/Return .* canceled/),
    ]);
  });

  it('undoes what was done when it is canceled in the middle', async () => {
    const parts = [{ data: { orderNumber: 'ORD-1002', reason: 'damaged', confirmed: true } }];
    const slow = { metadata: { pauseMs: 300 } };
    const { id } = await say('order-refund', parts, slow, { returnImmediately: true });
    await until('the second step', async () =>
      (await get('order-refund', id)).says.includes('paying back') ? true : undefined,
    );
    const canceled = seen(await call(url('order-refund'), 'CancelTask', { id }, V1));
    expect(canceled).toMatchObject({ state: 'canceled', artifacts: { refund: { outcome: 'canceled' } } });
    expect(canceled.artifacts.refund.undone).toHaveLength(2);
  });

  it('cancels while it asks, with nothing to undo', async () => {
    const { id } = await say('order-refund', 'I want my money back');
    const canceled = seen(await call(url('order-refund'), 'CancelTask', { id }, V1));
    expect(canceled).toMatchObject({ id, state: 'canceled', artifacts: {} });
  });

  it('rejects what is refunded already, and what is too late', async () => {
    expect(await say('order-refund', 'ORD-1005 is damaged')).toMatchObject({
      state: 'rejected',
      says: 'ORD-1005 was refunded already.',
    });
    expect(await say('order-refund', 'ORD-1004, I changed my mind')).toMatchObject({ state: 'rejected' });
  });
});

describe('document-digest', () => {
  const report =
    '# Whales\nWhales sing. Whales swim.\n## Songs\nSongs of whales carry far.\n# Boats\nBoats are loud.';

  it('tells how far it is and gives an outline, word counts and keywords', async () => {
    const events = await collect(
      stream(url('document-digest'), 'SendStreamingMessage', { message: userMessage(report) }, V1),
    );
    const says = events.flatMap(({ statusUpdate }) => statusUpdate?.status.message?.parts[0].text ?? []);
    expect(says.slice(0, -1)).toContain('Counted 1 of 3 sections');
    const artifacts = Object.fromEntries(
      events.flatMap(({ artifactUpdate }) =>
        artifactUpdate ? [[artifactUpdate.artifact.name, artifactUpdate.artifact.parts[0]]] : [],
      ),
    );
    expect(artifacts.outline.text).toBe('- Whales\n  - Songs\n- Boats');
    expect(artifacts['word-counts'].data).toMatchObject({ words: 15 });
    expect(artifacts.keywords.data.keywords[0]).toEqual({ word: 'whales', count: 4, sections: 2 });
    expect(says.at(-1)).toMatch(/^Your text: 15 words in 3 sections\. Keywords: whales/);
  });

  it('reads an uploaded file, with the text beside it as its covering letter', async () => {
    const raw = Buffer.from('name,city\nAda,London\nBen,Lagos').toString('base64');
    const parts = [{ text: 'Please read this' }, { raw, filename: 'people.csv', mediaType: 'text/csv' }];
    expect(await say('document-digest', parts)).toMatchObject({
      state: 'completed',
      says: expect.stringMatching(/^people\.csv: 6 words/),
      artifacts: { outline: expect.stringContaining('Columns: name,city') },
    });
  });

  it('asks for the document when there is none', async () => {
    const { id, says } = await say('document-digest', ' ');
    expect(says).toContain('Which document?');
    expect(await say('document-digest', report, { taskId: id })).toMatchObject({ id, state: 'completed' });
  });

  it('rejects what it cannot read, saying why', async () => {
    const parts = [{ raw: Buffer.from([0xff, 0xfe, 0xff]).toString('base64'), filename: 'odd.txt' }];
    expect(await say('document-digest', parts)).toMatchObject({
      state: 'rejected',
      says: expect.stringContaining('no UTF-8 text'),
    });
  });
});

describe('trip-planner', () => {
  it('has the budget approved and the notes read by two other agents, and joins what they say', async () => {
    const raw = Buffer.from('Food markets. Food everywhere. Also food.').toString('base64');
    const parts = [
      { text: '3 days in Lisbon, art, budget 90 EUR' },
      { raw, filename: 'notes.txt', mediaType: 'text/plain' },
    ];
    const planned = await say('trip-planner', parts);
    expect(planned).toMatchObject({
      state: 'completed',
      says: 'Your 3 days in Lisbon are planned, within the approved budget.',
    });
    const { itinerary } = planned.artifacts;
    expect(itinerary).toContain('# 3 days in Lisbon');
    expect(itinerary).toContain('90.00 EUR are approved: 30.00 EUR a day.');
    expect(itinerary).toMatch(/Keep in mind: food/);
    const { totalSize } = await call(url('expense-approval'), 'ListTasks', {}, V1);
    expect(totalSize).toBeGreaterThan(0);
  });

  it('hands a question of the agent it called on to its own caller, and the answer back', async () => {
    const { id, state, says } = await say('trip-planner', '2 days in Rome, history, 450 EUR');
    expect({ state, says }).toEqual({
      state: 'input_required',
      says: expect.stringMatching(/450\.00 EUR for “Trip to Rome”.*Do you approve it\?/),
    });
    expect(await say('trip-planner', 'no', { taskId: id })).toMatchObject({
      id,
      state: 'completed',
      says: expect.stringContaining('free things only'),
      artifacts: { itinerary: expect.stringContaining('450.00 EUR were not approved') },
    });
  });

  it('asks where to and how long', async () => {
    const { id, says } = await say('trip-planner', 'Plan me a trip');
    expect(says).toContain('Where do you want to go?');
    const days = await say('trip-planner', 'porto', { taskId: id });
    expect(days.says).toBe('How many days in Porto? From 1 to 14.');
    expect(await say('trip-planner', '2', { taskId: id })).toMatchObject({ state: 'completed' });
  });

  it('withdraws the expense it asked about when it is canceled', async () => {
    const { id } = await say('trip-planner', '2 days in Rome, history, 450 EUR');
    const waiting = async () =>
      (
        await call(url('expense-approval'), 'ListTasks', { status: 'TASK_STATE_INPUT_REQUIRED' }, V1)
      ).tasks.map((task: Wire) => task.status.message.parts[0].text);
    expect((await waiting()).join()).toContain('Trip to Rome');
    expect(seen(await call(url('trip-planner'), 'CancelTask', { id }, V1)).state).toBe('canceled');
    expect((await waiting()).join()).not.toContain('Trip to Rome');
  });
});
