import { defineAgent } from 'workflow-agent-host';
import { input } from './input.ts';

export default defineAgent({
  code: 'order-refund',
  name: 'Order refund',
  description:
    'Refunds an order in a conversation: asks for what is missing, takes the steps one by one, and undoes them all when a later one fails or the task is canceled.',
  version: '1.0.0',
  workflow: 'orderRefund',
  input,
  inputModes: ['text/plain', 'application/json'],
  outputModes: ['text/plain', 'application/json'],
  review: { riskLevel: 'high', humanApprovalRequired: true, dataClasses: ['financial', 'personal'] },
  skills: [
    {
      id: 'refund-order',
      name: 'Refund an order',
      description:
        'Finds an order of the demo shop (ORD-1001 to ORD-1005), checks that it may be refunded, books the return, pays the money back and tells the customer.',
      tags: ['order', 'refund', 'return', 'customer service', 'shop', 'saga', 'compensation'],
      examples: ['I want my money back', 'Refund ORD-1001, the mugs arrived broken'],
    },
  ],
});
