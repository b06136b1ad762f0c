import { z } from 'zod';
import { INTERESTS } from './places.ts';

export const input = z.object({
  destination: z.string().trim().min(1).max(80).optional(),
  days: z.int().min(1).max(14).optional(),
  interests: z.array(z.enum(INTERESTS)).optional().describe('What to fill the days with'),
  budget: z
    .object({
      amount: z.number().positive(),
      currency: z.string().regex(/^[A-Za-z]{3}$/, 'an ISO 4217 code such as EUR'),
    })
    .optional()
    .describe('Approved by the agent expense-approval before it is spent'),
  notes: z.string().optional().describe('Your notes; the agent document-digest reads them'),
});
