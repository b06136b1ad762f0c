import type { Json, Message, Part } from '../tasks/task.ts';
import { type IncomingMessage, incoming } from './incoming.ts';
import { type Mapping, mapped, mappedText, type Roots } from './mapping.ts';
import { type Attributes, attributesOf } from './search-attributes.ts';

/** What of a message mappings can reach; `$.data` is there only when the message has a data part. */
export const MESSAGE_ROOTS = [
  'text',
  'data',
  'parts',
  'metadata',
  'messageId',
  'taskId',
  'contextId',
] as const;

/** How a workflow that knows nothing of tasks is started, answered and understood. */
export interface PlainWorkflow {
  workflowType: string;
  /** Where its own worker polls; never a queue of the host's workers. */
  taskQueue: string;
  /**
   * Its arguments: a mapping each, or a function of the message. When absent one: the message's data, or its text
   * when it has none. A function that throws refuses the message, with what it says.
   */
  args?: Mapping[] | ((message: IncomingMessage) => readonly unknown[]);
  /**
   * What its result shows: a mapping of `$.result` beside the message's names, or a function of it that gives the
   * final message or the parts of an artifact `result`. When absent a string is the final message, anything else
   * an artifact `result`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what it is, its author knows
  result?: ResultMapping | ((result: any, message: IncomingMessage) => string | readonly Part[]);
  /**
   * Its execution timeout, such as `15m`, `2h`, `7d`; `1d` when absent. One of a minute at most that asks nobody is brief:
   * it is not started as a child, which takes Temporal twice as long.
   */
  timeout?: string;
  /** How long a cancel waits for it; `10s` when absent. After that the task is canceled, whatever it does. */
  cancelWithin?: string;
  memo?: Record<string, Mapping>;
  /** Registered in the namespace before. */
  searchAttributes?: Record<string, Mapping>;
  waitsFor?: WaitsFor;
}

interface ResultMapping {
  /** The final message. */
  text?: string;
  /** The data of the artifact. */
  data?: Mapping;
  /** The artifact's name; `result` when absent. */
  name?: string;
}

/** How it is known that the workflow waits for its user, and how it is answered. */
export interface WaitsFor {
  /** A query without arguments. */
  query: string;
  /** Of its answer as `$.answer`: null, false, empty or missing means that it does not wait. The answer, when absent. */
  when?: string;
  /** What the user is asked; the answer itself, when absent and that is a string. */
  question?: string;
  /** The update, or the signal, that takes the user's message. */
  update?: string;
  signal?: string;
  /** As a plain workflow's own `args`. */
  args?: Mapping[];
}

/** What a plain workflow's task is started with beside its message: all of it values, kept for the task's life. */
export interface PlainPlan {
  workflowType: string;
  taskQueue: string;
  /** Mapped by the workflow; or, of a function, its values. */
  args: { mapping: Mapping[] } | { values: Json[] } | 'message';
  result: ResultMapping | 'function' | 'value';
  timeoutMs: number;
  cancelWithinMs: number;
  memo?: Record<string, Mapping>;
  searchAttributes?: Record<string, Mapping>;
  /** Its workflow asks whether they are taken before it sets them. Tasks that began before it did would not replay. */
  checksAttributes?: true;
  waitsFor?: WaitsFor;
  /** So soon over that an activity can stay with it. */
  brief?: true;
}

const DAY_MS = 86_400_000;
/** A workflow that may take longer, for days perhaps, must keep no place in any process: it is a child. */
const BRIEF_MS = 60_000;
const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };
const DURATION = /^(\d+)([smhd])$/;

/** Milliseconds; undefined when it is no duration such as `90s`, `15m`, `2h` or `7d`. */
export function durationMs(text: string): number | undefined {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? 0);
  return ms > 0 && ms <= 3_650 * DAY_MS ? ms : undefined;
}

export interface Subject {
  taskId: string;
  contextId: string;
  message: Message;
}

/** What mappings of a message lead into. */
export function messageRoots({ taskId, contextId, message }: Subject): Roots {
  const { messageId, text, data, parts, metadata } = incoming(message);
  return { text, ...(data === undefined ? {} : { data }), parts, metadata, messageId, taskId, contextId };
}

/** The search attributes that a plain workflow sets for a message. @throws MappingError */
export const attributesFor = (
  { searchAttributes = {} }: Pick<PlainWorkflow, 'searchAttributes'>,
  subject: Subject,
): Attributes => attributesOf(mapped(searchAttributes, messageRoots(subject)) as Record<string, Json>);

/** The arguments when nothing says what they are. */
export function messageArgs(message: Message): Json[] {
  const { data, text } = incoming(message);
  return [data ?? text];
}

/**
 * What starts a plain workflow for a message. All that its mapping says is tried before.
 * @throws MappingError, or what the author's function throws, when the message cannot be mapped.
 */
export function planOf(plain: PlainWorkflow, subject: Subject): PlainPlan {
  const roots = messageRoots(subject);
  const { workflowType, taskQueue, args, result, memo, searchAttributes, waitsFor } = plain;
  for (const mapping of [Array.isArray(args) ? args : [], memo ?? {}, searchAttributes ?? {}])
    mapped(mapping, roots);
  const timeoutMs = durationMs(plain.timeout ?? '1d') ?? DAY_MS;
  return {
    workflowType,
    taskQueue,
    args: argsOf(args, subject.message),
    result: typeof result === 'function' ? 'function' : (result ?? 'value'),
    timeoutMs,
    cancelWithinMs: durationMs(plain.cancelWithin ?? '10s') ?? 10_000,
    ...(memo && { memo }),
    ...(searchAttributes && { searchAttributes, checksAttributes: true }),
    ...(waitsFor && { waitsFor }),
    ...(timeoutMs <= BRIEF_MS && waitsFor === undefined && { brief: true }),
  };
}

function argsOf(args: PlainWorkflow['args'], message: Message): PlainPlan['args'] {
  if (args === undefined) return 'message';
  if (Array.isArray(args)) return { mapping: args };
  // As Temporal would carry them.
  return { values: JSON.parse(JSON.stringify(args(incoming(message)))) as Json[] };
}

/** The question a workflow waits with, by what its query answered; undefined when it does not wait. */
export function questionIn({ when = '$.answer', question }: WaitsFor, answer: unknown): string | undefined {
  const roots = { answer: answer ?? null };
  const waits = mapped(when.endsWith('?') ? when : `${when}?`, roots);
  if (waits === null || waits === false || waits === '' || waits === 0) return undefined;
  return mappedText(question ?? '$.answer', roots) ?? mappedText('$.answer', roots);
}
