/** Many tasks at a glance, one task's life, and what happened over time: what is asked, and what is answered. */
import { z } from 'zod';
import { TASK_STATES } from '../tasks/task.ts';

/** The years that the record reads. */
const YEAR = /^(?!0000)\d{4}-/;
const time = z.iso
  .datetime({ offset: true })
  .refine((text) => YEAR.test(new Date(text).toISOString()), 'is out of range');
const moment = z.iso.datetime();
const count = z.int().min(0);
const status = z.enum(TASK_STATES);

export const taskLinesSchema = z.strictObject({
  agent_id: z.string().max(255).optional(),
  context_id: z.string().max(255).optional(),
  status: status.optional().describe('The state as the agent has it.'),
  caller: z.string().max(1_024).optional().describe('Whose; for an admin, who sees everybody’s.'),
  from: time.optional().describe('Accepted at or after.'),
  to: time.optional().describe('Accepted before.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().optional().describe('`next_cursor` of the page before.'),
});

const taskLine = z.object({
  task_id: z.uuid(),
  agent_id: z.string(),
  context_id: z.string(),
  caller: z.string(),
  status,
  message: z.string().optional().describe('The beginning of what was said last with its state.'),
  version: count,
  created_at: moment,
  status_at: moment.describe('Since when it is in its state.'),
});

export const taskLines = z.object({
  tasks: z.array(taskLine),
  total: count.optional().describe('How many the whole list holds; on the first page alone.'),
  next_cursor: z.string().nullable().describe('For the next page; null on the last.'),
});

/** It takes none. */
export const eventsSchema = z.strictObject({});

export const taskLinesEvent = z.object({
  tasks: z.array(taskLine).describe('Those that changed, as they are now.'),
  missed: z.boolean().describe('Others may have changed too: read the list again.'),
});

const kind = z.enum(['queue', 'run', 'wait']);

export const taskTimeline = z.object({
  task: taskLine,
  read_at: moment,
  spans: z
    .array(z.object({ kind, status, from: moment, to: moment.optional() }))
    .describe(
      'Its life without gaps: queueing, being worked on, waiting for its caller. The last one may last.',
    ),
  spent_ms: z.object({ queue: count, run: count, wait: count }),
  moments: z.array(
    z.object({
      at: moment,
      version: count.optional(),
      status: status.optional(),
      role: z.enum(['user', 'agent']).optional(),
      text: z.string().optional(),
    }),
  ),
  receipt_id: z.uuid().optional().describe('Of the call that began it.'),
  workflow: z
    .object({
      workflow_id: z.string(),
      run_id: z.string().optional(),
      url: z.url().optional().describe('In Temporal’s own UI, where the host knows its address.'),
    })
    .optional()
    .describe('For an admin.'),
});

export const statisticsSchema = z.strictObject({
  from: time.optional().describe('A day before `to` when absent.'),
  to: time.optional().describe('Now when absent.'),
  step: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400 * 31)
    .optional()
    .describe('In seconds; about a hundredth of the whole when absent.'),
});

export type StatisticsRequest = z.output<typeof statisticsSchema>;

const counts = z.record(z.string(), z.array(count));
const marks = z.array(z.int().nullable());
const percentiles = z.object({ count: z.array(count), p50_ms: marks, p90_ms: marks, p99_ms: marks });

export const statisticsAnswer = z.object({
  from: moment,
  to: moment,
  step_s: count,
  tasks: counts.describe('Tasks accepted in each step, by the state they are in now.'),
  queue: percentiles.describe('From a task’s acceptance to its first change.'),
  durations: percentiles.describe('From a task’s acceptance to its end, of those that have ended.'),
  calls: percentiles.describe('From a call to its answer, of calls that left a receipt.'),
  refusals: counts.describe('Calls refused by policy, by its code.'),
  failing: z
    .array(count)
    .describe('Of the webhooks that fail now: how many failed already at the end of each step.'),
  now: z.object({
    tasks: z.array(
      z.object({
        agent_id: z.string(),
        status,
        count,
        oldest_at: moment.describe('Of those in this state.'),
      }),
    ),
    receipts: z.object({ running: count, pending: count.describe('Not verified yet.') }),
    deliveries: z
      .array(
        z.object({
          task_id: z.uuid(),
          agent_id: z.string(),
          host: z.string(),
          failures: count,
          since: moment,
          problem: z.string().nullable(),
        }),
      )
      .describe('The webhooks that fail for longest.'),
  }),
});

export const exportQuerySchema = z.strictObject({
  provider_id: z.string().max(255).optional().describe('Its receipts alone.'),
});
