/**
 * Records one finished history of each shipped agent for the replay tests: `npm run record-histories`.
 * To be run when a workflow or the kit changes in a way that running tasks need not survive; before that,
 * the replay tests say whether they would.
 */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CODES, type Code, writeHistory } from '../test/replay/histories.ts';
import { type Sent, TestHost } from '../test/workflows/test-host.ts';

const notes =
  '# Notes\nWe love old churches.\n\n## Food\nGelato near the Pantheon.\n\n## Art\nPaintings by Caravaggio.\n';

/** The first message and the answers: chosen to pass through as many branches as one task can. */
const TALKS: Record<Code, { first: Sent; answers: { when: RegExp; say: Sent }[] }> = {
  echo: { first: { parts: [{ text: 'Hello there' }, { data: { answer: 42 } }] }, answers: [] },
  'expense-approval': {
    first: { parts: [{ text: 'conference ticket' }], metadata: { remindAfter: '1s', deadline: '1h' } },
    answers: [
      { when: /How much/, say: '1,200 USD' },
      { when: /^Reminder/, say: 'what for?' },
      { when: /I could not take that/, say: 'yes, have fun' },
    ],
  },
  'order-refund': {
    first: { parts: [{ text: 'I want my money back' }], metadata: { pauseMs: 10 } },
    answers: [
      { when: /^Which order/, say: '9999' },
      { when: /ORD-9999/, say: 'ORD-1003' },
      { when: /^Why/, say: 'The lamp arrived broken' },
      { when: /^Shall I refund/, say: 'yes' },
    ],
  },
  'document-digest': {
    first: { parts: [{ text: ' ' }] },
    answers: [
      {
        when: /^Which document/,
        say: { parts: [{ raw: Buffer.from(notes).toString('base64'), filename: 'notes.md' }] },
      },
    ],
  },
  'trip-planner': {
    first: { parts: [{ data: { days: 2, budget: { amount: 450, currency: 'EUR' }, notes } }] },
    answers: [
      { when: /^Where/, say: 'rome' },
      { when: /Do you approve it/, say: 'no, too much' },
    ],
  },
};

// One of the recorded tasks fails on purpose.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const host = await TestHost.start();
try {
  for (const code of CODES) {
    const { first, answers } = TALKS[code];
    const taskId = await host.send(code, first);
    for (const { when, say } of answers) {
      await host.until(taskId, ({ state, text }) => state === 'input-required' && when.test(text));
      await host.answer(taskId, say);
    }
    const { state } = await host.until(taskId);
    await writeHistory(code, await host.history(taskId));
    console.log(`${code}: ${state}`);
  }
} finally {
  await host.stop();
}
