/** What there is to say of the routes for all that is kept of one caller. */
import { z } from 'zod';
import { answers, type Operations } from '../openapi/operation.ts';

export const eraseSchema = z.strictObject({
  cancel: z.boolean().optional().describe('Cancel the tasks that have not ended; else they are refused.'),
});

const callerLine = z
  .looseObject({ kind: z.string().describe('Such as `task`, `message`, `receipt`; the last is `end`.') })
  .describe('One thing that is kept of the caller.');

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
  }),
});

export const CALLER_DATA: Operations = {
  'post /admin/callers/:caller_id/export': {
    id: 'exportCaller',
    summary: 'All that is kept of a caller, without secrets',
    answers: { 200: { lines: callerLine } },
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
