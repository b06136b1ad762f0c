import { z } from 'zod';

const duration = z.string().describe('Such as "30s", "2h" or "1d"');

export const input = z.object({
  amount: z.number().positive().max(1_000_000_000).describe('In units of the currency, such as 45.5'),
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'an ISO 4217 code such as EUR')
    .describe('ISO 4217 code, such as EUR'),
  purpose: z.string().trim().min(1).max(500).describe('What the money was spent on'),
  employee: z.string().trim().min(1).max(200).optional().describe('Who spent it'),
  remindAfter: duration.optional().describe('When to ask the approver again; a day when absent'),
  deadline: duration.optional().describe('When an expense without an answer is rejected; a week when absent'),
});
