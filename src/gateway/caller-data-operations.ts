/** What there is to say of the routes for all that is kept of one caller. */
import { z } from 'zod';
import { answers, type Operations } from '../openapi/operation.ts';

export const eraseSchema = z.strictObject({
  cancel: z.boolean().optional().describe('Cancel the tasks that have not ended; else they are refused.'),
});

const callerLine = z
  .looseObject({ kind: z.string().describe('Such as `task`, `message`, `receipt`; the last is `end`.') })
  .describe('One thing that is kept of the caller.');

/** As `AgentAccess` and the audit log name callers. */
export const callerIdSchema = z
  .string()
  .max(1_000, 'has more than 1,000 characters')
  .regex(
    /^(local|key:[^\s\p{Cc}]+|[^\s#\p{Cc}]+#[^\p{Cc}]+)$/u,
    'is no caller’s id: `local`, `key:NAME`, or `ISSUER#SUBJECT`',
  );

const erasedAnswer = z.object({
  complete: z.boolean().describe('Nothing is left; else call again.'),
  tasks: z.int(),
  files: z.int(),
  receipts: z.int().describe('Of so many the request and the result; the receipts stay.'),
  credentials: z.int().describe('Stored credentials, and answers kept for repeated requests.'),
  left: z.object({
    tasks: z.int().describe('That have not ended.'),
    calls: z.int().describe('Receipts that are running.'),
    verdicts: z.int().describe('Receipts that wait for the verifier.'),
    ended: z.int().describe('Tasks that have ended and are still there.'),
  }),
  stays: z
    .array(
      z.object({
        kind: z.string().describe('As in an export.'),
        count: z.int().describe('How many; of the audit log 1, however many entries.'),
        why: z.string(),
      }),
    )
    .describe('What names the caller still and why, once it is complete.'),
});

export const CALLER_DATA: Operations = {
  'post /admin/callers/:caller_id/export': {
    id: 'exportCaller',
    summary: 'All that is kept of a caller, without secrets',
    answers: { 200: { lines: callerLine } },
    refusals: [400],
  },
  'post /admin/callers/:caller_id/erase': {
    id: 'eraseCaller',
    summary: 'Remove what is kept of a caller; its receipts stay as proofs without their bodies',
    body: eraseSchema,
    example: {},
    answers: answers(erasedAnswer),
    refusals: [409],
  },
};

export const CALLER_DATA_SCHEMAS = {
  EraseRequest: eraseSchema,
  Erased: erasedAnswer,
  CallerLine: callerLine,
};
