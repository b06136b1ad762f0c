import { defineAgent } from 'workflow-agent-host';
import { input } from './input.ts';

export default defineAgent({
  code: 'trip-planner',
  name: 'Trip planner',
  description:
    'Plans a trip day by day. It has the budget approved by expense-approval and the notes read by document-digest, and hands their questions on to you.',
  version: '1.0.0',
  workflow: 'tripPlanner',
  input,
  inputModes: ['text/plain', 'application/json', 'text/markdown'],
  outputModes: ['text/plain', 'text/markdown', 'application/json'],
  review: { riskLevel: 'medium', costPerCallUnits: 5 },
  skills: [
    {
      id: 'plan-trip',
      name: 'Plan a trip',
      description:
        'Makes an itinerary of mornings, afternoons and evenings from the destination, the days, the interests, a budget and notes.',
      tags: ['travel', 'trip', 'itinerary', 'holiday', 'vacation', 'budget', 'multi-agent'],
      examples: [
        '3 days in Lisbon, food and art, budget 90 EUR',
        'A weekend in Rome with 450 EUR, history please',
      ],
    },
  ],
});
