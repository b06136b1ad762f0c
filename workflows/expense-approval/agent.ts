import { defineAgent } from 'workflow-agent-host';
import { input } from './input.ts';

export default defineAgent({
  code: 'expense-approval',
  name: 'Expense approval',
  description:
    'Decides on expenses: small ones at once, larger ones by asking a person for a yes or no, with a reminder and a deadline.',
  version: '1.0.0',
  workflow: 'expenseApproval',
  input,
  inputModes: ['text/plain', 'application/json'],
  outputModes: ['text/plain', 'application/json'],
  review: { riskLevel: 'medium', allowedRegions: ['AU', 'NZ', 'DE'], dataClasses: ['financial'] },
  skills: [
    {
      id: 'approve-expense',
      name: 'Approve an expense',
      description:
        'Checks an expense against the limit of its currency, asks a human approver above it, and gives the decision as data.',
      tags: ['expense', 'approval', 'finance', 'budget', 'reimbursement', 'human-in-the-loop'],
      examples: ['45.50 EUR taxi to airport', '1,200 USD conference ticket for Ada'],
    },
  ],
});
