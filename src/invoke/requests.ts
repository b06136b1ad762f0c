/** What the facade is asked, as its document names it. `null` is absent. Pure. */
import { z } from 'zod';
import { invalidParams } from '../errors.ts';
import { MAX_PARTS } from '../tasks/message.ts';
import type { TaskState } from '../tasks/task.ts';
import { checkValues, lostName } from '../web/json-values.ts';
import { partSchema } from './parts.ts';
import { STATES } from './view.ts';

const absentIfNull = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

const TEXT = /^[^\p{Cc}\p{Surrogate}]*$/u;
const id = z.string().min(1).max(255).regex(TEXT, 'holds control characters');
const bag = z.record(z.string(), z.unknown());
const names = z.array(z.string().min(1).max(255)).max(100);
const count = z.int('must be a whole number').min(0, 'must not be negative');

const messageSchema = z.strictObject({
  role: z.literal('user', { error: 'must be "user"' }),
  parts: z
    .array(partSchema, { error: 'must be a list of parts' })
    .min(1, 'must hold at least one part')
    .max(MAX_PARTS, `has more than ${MAX_PARTS} parts`),
  messageId: absentIfNull(id).describe('Names the message: sent again within 24 hours it is the same one.'),
  metadata: absentIfNull(bag).describe('For the agent, as it is.'),
});

const pushSchema = z.strictObject({
  url: z.string(),
  headers: absentIfNull(z.record(z.string(), z.string('must be a string'))),
});

const configurationSchema = z.strictObject({
  acceptedOutputModes: absentIfNull(names).describe(
    'Media types that the task is shown in, from now on; all when none was named.',
  ),
  taskPushNotificationConfig: absentIfNull(pushSchema),
  historyLength: absentIfNull(count).describe(
    'How many of the newest messages come back with this answer; all when absent.',
  ),
  returnImmediately: absentIfNull(z.boolean('must be true or false')),
});

export const invokeSchema = z.strictObject({
  agentId: z
    .string('is required')
    .min(1, 'is required')
    .max(255)
    .regex(TEXT, 'holds control characters')
    .describe('Slug or UUID of the agent.'),
  sessionId: absentIfNull(id).describe('Groups tasks, and continues the one of them that waits.'),
  taskId: absentIfNull(id).describe('The task this goes on with.'),
  message: messageSchema,
  skillIds: absentIfNull(names).describe('The skills of the agent that are wanted.'),
  metadata: absentIfNull(bag).describe('Kept with a new task.'),
  configuration: absentIfNull(configurationSchema),
  region: absentIfNull(z.string().max(64)).describe('Country of the call, ISO 3166-1 alpha-2, any case.'),
  maxCostUnits: absentIfNull(count).describe('The most that the call may cost.'),
  confirmRisky: absentIfNull(z.boolean('must be true or false')).describe('A person has approved the call.'),
});

export type InvokeParams = z.output<typeof invokeSchema>;

const BY_NAME = new Map<string, TaskState>(
  Object.entries(STATES).map(([state, name]) => [name, state as TaskState]),
);

const state = z.string().transform((name, context): TaskState => {
  const found = BY_NAME.get(name.toUpperCase());
  if (found !== undefined) return found;
  context.addIssue('is no task state');
  return z.NEVER;
});

const WHOLE = 'must be a whole number, not negative';
/** A number in a query. */
const digits = (message: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number);

const MAX_PAGE = 100;
const BETWEEN = `must be between 1 and ${MAX_PAGE}`;
const page = digits(BETWEEN).pipe(z.int().min(1, BETWEEN).max(MAX_PAGE, BETWEEN));

const newest = digits(WHOLE).pipe(z.int(WHOLE)).optional().describe('How many of the newest messages.');

export const listSchema = z.strictObject({
  sessionId: id.optional(),
  status: state.optional(),
  cursor: z.string().optional(),
  limit: page.default(50),
  historyLength: newest,
});

export const getSchema = z.strictObject({ historyLength: newest });

/**
 * What was given, as its schema has it.
 * @param whole what it is called where no field of it is to blame.
 * @throws HostError `invalid_params` naming the field.
 */
export function parse<T extends z.ZodType>(schema: T, given: unknown, whole: string): z.output<T> {
  checkValues(given);
  const lost = lostName(given);
  if (lost !== undefined) throw invalidParams(pathOf(lost, whole), 'is no name for a field');
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw invalidParams(pathOf([...issue.path, String(issue.keys[0])], whole), 'there is no such field');
  }
  const missing = issue?.code === 'invalid_type' && issue.message.endsWith('received undefined');
  throw invalidParams(
    pathOf(issue?.path ?? [], whole),
    missing ? 'is required' : (issue?.message ?? 'is invalid'),
  );
}

const pathOf = (path: PropertyKey[], whole: string): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '') || whole;
