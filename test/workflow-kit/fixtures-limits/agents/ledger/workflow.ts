import { conversationWorkflow } from 'workflow-agent-host/workflow';

export const ledger = conversationWorkflow<{ taken: number }>({
  initial: { taken: 0 },
  turn: ({ taken }, { text }) =>
    text === 'end'
      ? { end: `${taken} entries` }
      : { state: { taken: taken + 1 }, ask: `Entry ${taken + 1} is in` },
});
