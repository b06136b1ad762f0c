import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { invalidParams } from '../errors.ts';
import { hasOneContent } from './part.ts';
import type { Message, Part } from './task.ts';

// The package is CommonJS and its types say otherwise.
const canonicalJson = canonicalize as unknown as (value: unknown) => string | undefined;

/** What Temporal takes as one argument is 2 MB; the rest of the message's envelope has to fit as well. */
export const MAX_MESSAGE_BYTES = 1_500_000;
const MAX_ID_LENGTH = 255;
export const MAX_PARTS = 1_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what an id must not hold
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;
// Half a character: the database would take any two of them for the same id.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @throws HostError `invalid_params` naming the field. */
export function checkMessage(message: Message): void {
  checkId('message.messageId', message.messageId);
  if (message.role !== 'user') throw invalidParams('message.role', 'must be the user’s');
  if (message.parts.length === 0) throw invalidParams('message.parts', 'must hold at least one part');
  if (message.parts.length > MAX_PARTS) {
    throw invalidParams('message.parts', `has more than ${MAX_PARTS} parts`);
  }
  for (const [index, part] of message.parts.entries()) checkPart(`message.parts[${index}]`, part);
  const bytes = Buffer.byteLength(JSON.stringify(message));
  if (bytes > MAX_MESSAGE_BYTES) {
    throw invalidParams('message', `has ${bytes} bytes, at most ${MAX_MESSAGE_BYTES} are taken`);
  }
}

/** @throws HostError `invalid_params`. */
export function checkId(field: string, id: string): void {
  const problem = idProblem(id);
  if (problem !== undefined) throw invalidParams(field, problem);
}

/** Whether anything can have this id. */
export const isId = (id: string): boolean => idProblem(id) === undefined;

function idProblem(id: string): string | undefined {
  if (id === '') return 'is required';
  if (id.length > MAX_ID_LENGTH) return `has more than ${MAX_ID_LENGTH} characters`;
  if (CONTROL_CHARACTERS.test(id)) return 'holds control characters';
  return LONE_SURROGATE.test(id) ? 'is not well-formed text' : undefined;
}

function checkPart(field: string, part: Part): void {
  if (!hasOneContent(part)) throw invalidParams(field, 'must have exactly one of text, data, url and raw');
}

/** Tells a repetition of a message from another one under the same id: all of it but the id itself. */
export function digestOf(
  message: Message,
  taskId: string | undefined,
  contextId: string | undefined,
): string {
  const { messageId: _, ...content } = message;
  const canonical = canonicalJson({ ...content, taskId, contextId });
  return createHash('sha256').update(String(canonical)).digest('base64url');
}
