import { z } from 'zod';
import { REASONS } from './conversation.ts';

export const input = z.object({
  orderNumber: z
    .string()
    .regex(/^(ORD-)?\d{4}$/i, 'such as ORD-1001')
    .optional()
    .describe('Such as ORD-1001'),
  reason: z.enum(REASONS).optional().describe('Why the order comes back'),
  confirmed: z.boolean().optional().describe('Go ahead without asking once more'),
});
