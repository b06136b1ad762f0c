/**
 * Clients of MCP before 2026-07-28 tell once what they can do, and answer a question with a request of its own. Both
 * come back to the host with what it has given them, so that any process can answer any request. Pure.
 */
import { randomUUID } from 'node:crypto';

/** What a client is known by from `initialize` on. It says what its client said of itself, and lets nobody in. */
export interface Session {
  id: string;
  /** The client can ask its user. */
  elicits: boolean;
}

export const newSession = (capabilities: unknown): Session => ({
  id: randomUUID(),
  elicits: asksInForms(isObject(capabilities) ? capabilities.elicitation : undefined),
});

/** An empty declaration stands for forms (MCP 2025-11-25, elicitation). */
export const asksInForms = (declared: unknown): boolean =>
  isObject(declared) && (Object.keys(declared).length === 0 || declared.form !== undefined);

export const sessionHeader = ({ id, elicits }: Session): string => `${id}${elicits ? '.elicits' : ''}`;

const SESSION = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\.elicits)?$/;

/** Undefined when there is none, or another host's. */
export function sessionIn(header: string | null | undefined): Session | undefined {
  const [, id, elicits] = SESSION.exec(header ?? '') ?? [];
  return id === undefined ? undefined : { id, elicits: elicits !== undefined };
}

/** The message that a call of a session is: the same request is the same message. */
export const messageIdOf = ({ id }: Session, requestId: string | number): string => `mcp-${id}-${requestId}`;

/** A question of a task, by the message that asks it. */
export interface Question {
  taskId: string;
  messageId: string;
}

const ASKED = 'task-question';
/** A task's id and a message's, with room. */
const LONGEST = 1_000;

export const requestIdOf = ({ taskId, messageId }: Question): string => `${ASKED}:${taskId}:${messageId}`;

/** The question that a request asked; undefined when it asked none. */
export function questionOf(requestId: unknown): Question | undefined {
  if (typeof requestId !== 'string' || requestId.length > LONGEST) return undefined;
  const [asked, taskId, ...rest] = requestId.split(':');
  return asked === ASKED && taskId ? { taskId, messageId: rest.join(':') } : undefined;
}

/** How a client is asked a question. */
export const elicitation = (message: string) => ({
  message,
  requestedSchema: {
    type: 'object' as const,
    properties: { answer: { type: 'string' as const, title: 'Answer' } },
    required: ['answer'],
  },
});

/** The answer in what a client was told by its user; undefined when the user gave none. */
export function answerIn(result: unknown): string | undefined {
  if (!isObject(result) || result.action !== 'accept' || !isObject(result.content)) return undefined;
  const { answer } = result.content;
  return typeof answer === 'string' ? answer : undefined;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
