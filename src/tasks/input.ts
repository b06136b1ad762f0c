import type { z } from 'zod';
import type { AgentDefinition } from '../agents/definition.ts';
import { invalidParams } from '../errors.ts';
import type { Message } from './task.ts';

/**
 * Holds the first data part of a message that begins a task against the agent's input schema. A message without
 * a data part passes: text is the primary input, and the workflow may ask for what is missing.
 * @throws HostError `invalid_params` naming the field inside the part.
 */
export function checkInput(agent: AgentDefinition, message: Message): void {
  if (agent.input === undefined) return;
  const index = message.parts.findIndex((part) => part.data !== undefined);
  if (index === -1) return;
  const result = agent.input.safeParse(message.parts[index]?.data);
  if (result.success) return;
  const [issue] = result.error.issues;
  throw invalidParams(
    [`message.parts[${index}].data`, ...pathOf(issue)].join('.'),
    issue?.message ?? 'is invalid',
  );
}

const pathOf = (issue: z.core.$ZodIssue | undefined): string[] => (issue?.path ?? []).map(String);
