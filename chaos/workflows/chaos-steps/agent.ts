import { defineAgent } from 'workflow-agent-host';
import { z } from 'zod';

export default defineAgent({
  code: 'chaos-steps',
  name: 'Steps',
  description: 'Takes steps that leave a trace, and ends as it is told.',
  version: '1.0.0',
  workflow: 'chaosSteps',
  longRunning: true,
  input: z.object({
    /** Of the call: what it leaves is found by it. */
    key: z.string(),
    plan: z.enum(['finish', 'ask', 'fail', 'wait']),
    steps: z.int(),
    stepMs: z.int(),
  }),
  skills: [{ id: 'steps', name: 'Steps', description: 'Takes steps.', tags: ['chaos'] }],
});
