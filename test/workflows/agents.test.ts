import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, type Sent, TestHost } from './test-host.ts';

let host: TestHost;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  host = await TestHost.start();
}, 60_000);

afterAll(() => host?.stop());

const data = (value: { [key: string]: string | number | boolean }, metadata = {}): Sent => ({
  parts: [{ data: value }],
  metadata,
});

/** Sends a message and answers every question; gives the task as it ended. */
async function talk(code: Parameters<TestHost['send']>[0], first: Sent, ...answers: Sent[]) {
  const taskId = await host.send(code, first);
  for (const answer of answers) {
    expect(await host.until(taskId)).toMatchObject({ state: 'input-required' });
    await host.answer(taskId, answer);
  }
  return host.until(taskId);
}

describe('echo', () => {
  test('gives back text, data and files within one workflow task', async () => {
    const parts = [{ text: 'Hello' }, { data: [1] }, { raw: 'aGk=', filename: 'hi.txt' }];
    const seen = await talk('echo', { parts });
    expect(seen).toMatchObject({ state: 'completed', text: 'Hello', artifacts: [{ name: 'echo', parts }] });
    const { events } = await host.history(seen.id);
    expect(events?.filter((event) => event.workflowTaskCompletedEventAttributes)).toHaveLength(1);
  });
});

describe('expense-approval', () => {
  test('approves what is within the limit', async () => {
    const seen = await talk('expense-approval', '45.50 EUR taxi to airport');
    expect(seen).toMatchObject({
      state: 'completed',
      text: 'Approved: 45.50 EUR for “taxi to airport”, within the limit.',
    });
    expect(dataOf(seen, 'decision')).toMatchObject({ approved: true, decidedBy: 'limit', amount: 45.5 });
  });

  test('asks for what is missing, then a person, again when the answer is unclear', async () => {
    const seen = await talk('expense-approval', 'chair', '250', 'euros', 'hm', 'yes, enjoy');
    expect(dataOf(seen, 'decision')).toEqual({
      approved: true,
      decidedBy: 'approver',
      comment: 'enjoy',
      amount: 250,
      currency: 'EUR',
      purpose: 'chair',
    });
  });

  test('takes an answer as data', async () => {
    const seen = await talk('expense-approval', '500 EUR chair', data({ approved: false, comment: 'no' }));
    expect(dataOf(seen, 'decision')).toMatchObject({ approved: false, decidedBy: 'approver', comment: 'no' });
  });

  test('reminds, and rejects at the deadline', async () => {
    const metadata = { remindAfter: '500ms', deadline: '1500ms' };
    const taskId = await host.send('expense-approval', { parts: [{ text: '500 EUR chair' }], metadata });
    await host.until(taskId, ({ text }) => text.startsWith('Reminder: 500.00 EUR'));
    const seen = await host.until(taskId, ({ state }) => state === 'completed');
    expect(dataOf(seen, 'decision')).toMatchObject({ approved: false, decidedBy: 'deadline' });
  });

  test('refuses a duration that is none', async () => {
    const seen = await talk('expense-approval', {
      parts: [{ text: '5 EUR tea' }],
      metadata: { deadline: 7 },
    });
    expect(seen).toMatchObject({
      state: 'rejected',
      text: expect.stringContaining('deadline 7 is no duration'),
    });
  });
});

describe('order-refund', () => {
  test('gathers what it needs over several turns and refunds', async () => {
    const seen = await talk(
      'order-refund',
      'I want my money back',
      '9999',
      'ORD-1001',
      'broken',
      'hm',
      'yes',
    );
    expect(seen).toMatchObject({ state: 'completed', text: expect.stringMatching(/^ORD-1001 is refunded/) });
    expect(dataOf(seen, 'refund')).toMatchObject({ outcome: 'refunded', reason: 'damaged', undone: [] });
  });

  test('undoes the completed steps in reverse order when one fails', async () => {
    const seen = await talk(
      'order-refund',
      data({ orderNumber: '1003', reason: 'damaged', confirmed: true }),
    );
    expect(seen).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('paying back failed, as the card ending 0069 was closed'),
    });
    expect(dataOf(seen, 'refund')).toMatchObject({
      outcome: 'failed',
      failedAt: 'paying back',
      done: [expect.stringContaining('booked'), expect.stringContaining('points taken back')],
      undone: [expect.stringContaining('points given back'), expect.stringContaining('canceled')],
    });
  });

  test('undoes them when it is canceled', async () => {
    const order = { orderNumber: '1002', reason: 'damaged', confirmed: true };
    const taskId = await host.send('order-refund', data(order, { pauseMs: 1_000 }));
    await host.until(taskId, ({ text }) => text === 'ORD-1002: taking back the points');
    await host.cancel(taskId);
    const seen = await host.until(taskId, ({ state }) => state === 'canceled');
    expect(dataOf(seen, 'refund')).toMatchObject({
      outcome: 'canceled',
      undone: [expect.stringMatching(/^Return RET-\w+ canceled$/)],
    });
  });

  test.each([
    ['ORD-1004, I changed my mind', /45 days ago/],
    ['ORD-1005 arrived broken', /refunded already/],
  ])('refuses %j', async (text, reason) => {
    expect(await talk('order-refund', text)).toMatchObject({
      state: 'rejected',
      text: expect.stringMatching(reason),
    });
  });
});

describe('document-digest', () => {
  test('tells how far it is and gives three artifacts', async () => {
    const raw = Buffer.from('# Tea\nTea is good.\n## Green\nGreen tea.\n').toString('base64');
    const seen = await talk('document-digest', {
      parts: [{ text: 'please' }, { raw, filename: 'tea.md' }],
      metadata: { pauseMs: 50 },
    });
    expect(seen.texts).toEqual([
      'Counted 0 of 2 sections',
      'Counted 1 of 2 sections',
      'tea.md: 7 words in 2 sections. Keywords: tea, green, good.',
    ]);
    expect(seen.artifacts.map(({ name }) => name)).toEqual(['outline', 'word-counts', 'keywords']);
  });

  test('asks when there is nothing to read, and refuses addresses', async () => {
    const seen = await talk(
      'document-digest',
      { parts: [{ text: ' ' }] },
      { parts: [{ url: 'https://example.com' }] },
    );
    expect(seen).toMatchObject({ state: 'rejected', text: expect.stringContaining('do not fetch') });
  });
});

describe('trip-planner', () => {
  const itinerary = (seen: Awaited<ReturnType<typeof talk>>) => seen.artifacts[0]?.parts[0]?.text;

  test('joins what the called agents gave', async () => {
    const notes = 'Seafood, seafood and old castles.';
    const seen = await talk('trip-planner', {
      parts: [{ text: '3 days in Lisbon, budget 90 EUR' }, { data: { notes } }],
    });
    expect(seen).toMatchObject({
      state: 'completed',
      text: expect.stringContaining('within the approved budget'),
    });
    expect(itinerary(seen)).toMatch(
      /^# 3 days in Lisbon\n[\s\S]*90.00 EUR are approved[\s\S]*mind: seafood, /,
    );
  });

  test('hands the questions of a called agent on', async () => {
    const seen = await talk('trip-planner', 'Rome, budget 900 EUR', 'two', 'perhaps', 'no');
    expect(seen).toMatchObject({ state: 'completed', text: expect.stringContaining('free things only') });
  });

  test('plans without notes that cannot be read', async () => {
    const parts = [{ text: 'weekend in Oulu' }, { url: 'https://example.com/notes.md' }];
    expect(itinerary(await talk('trip-planner', { parts }))).toContain(
      'They could not be read. Agent document-digest',
    );
  });

  test('withdraws the expense when it is canceled while it asks', async () => {
    const taskId = await host.send('trip-planner', '2 days in Rome, budget 901 EUR');
    await host.until(taskId);
    await host.cancel(taskId);
    await host.until(taskId, ({ state }) => state === 'canceled');
    const [expense] = host.called('expense-approval').slice(-1);
    expect(expense && dataOf(expense, 'decision')).toMatchObject({ approved: false, amount: 901 });
  });
});
