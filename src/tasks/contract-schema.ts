/**
 * What crosses the contract between the host and workflows of other workers, as schemas: `contract/` shows them as JSON
 * Schema. What the host says may gain fields; what it is told must be spelt right.
 */
import { z } from 'zod';
import type { Projection } from './contract.ts';
import { BASE64, CONTENT_FIELDS, hasOneContent, isBase64 } from './part.ts';
import type { Part } from './task.ts';

const json = z.json().meta({ id: 'json' });
const metadata = z.record(z.string(), json);
/** As the record can keep it; a pattern of that is not understood in every language. */
const id = z
  .string()
  .min(1)
  .refine((given) => !/[\0\p{Surrogate}]/u.test(given), 'is not well-formed text');

/** An empty list may be left out, or be null, as some languages write it. */
const list = <T extends z.ZodType>(items: T) =>
  z
    .array(items)
    .nullish()
    .transform((given) => given ?? []);

const NO_BASE64 = 'is not base64';

const part = z
  .strictObject({
    text: z.string().optional(),
    data: json.optional(),
    url: z.string().optional(),
    raw: z
      .string()
      .regex(BASE64, NO_BASE64)
      .refine(isBase64, NO_BASE64)
      .optional()
      .describe('Bytes in base64, RFC 4648 §4 or §5'),
    file: z
      .strictObject({ id: z.string(), size: z.number() })
      .optional()
      .describe('A file that the host keeps'),
    filename: z.string().optional(),
    mediaType: z.string().optional(),
    metadata: metadata.optional(),
  })
  .refine((given) => hasOneContent(given as Part), 'must have exactly one of text, data, url, raw and file')
  .meta({ id: 'part', oneOf: CONTENT_FIELDS.map((name) => ({ required: [name] })) });

const message = z
  .strictObject({
    messageId: id.describe('A UUID; the same for each attempt to say it'),
    role: z.enum(['user', 'agent']),
    parts: z.array(part),
    metadata: metadata.optional(),
    extensions: z.array(z.string()).optional(),
    referenceTaskIds: z.array(z.string()).optional(),
  })
  .meta({ id: 'message' });

const artifact = z
  .strictObject({
    artifactId: id.describe('Reported again, it replaces the artifact'),
    name: z.string().optional(),
    description: z.string().optional(),
    parts: z.array(part).min(1),
    metadata: metadata.optional(),
    extensions: z.array(z.string()).optional(),
  })
  .meta({ id: 'artifact' });

const state = z.enum([
  'working',
  'input-required',
  'auth-required',
  'completed',
  'failed',
  'canceled',
  'rejected',
]);

const status = z.strictObject({
  state,
  message: message.optional(),
  reply: z.literal(true).optional().describe('The message is the whole answer, in place of a task'),
});

const projection = z.strictObject({
  taskId: z.string().min(1),
  runId: z.string().min(1).describe('The run of the workflow that reports'),
  sequence: z.number().int().min(1).describe('Counts the reports of a run, from 1'),
  historyLength: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe('Needed only where reports are made by local activities'),
  status: status.optional().describe('Left out when it has not changed'),
  artifacts: list(artifact),
  messages: list(message).describe('New in the history: questions and what is said last'),
  applied: list(id).describe('The ids of the messages that were taken since the last report'),
});

const taskInput = z.looseObject({
  taskId: z.string(),
  contextId: z.string(),
  agentCode: z.string(),
  owner: z.string().describe('The caller the task belongs to'),
  scopes: z.array(z.string()).optional().describe('What its caller is allowed'),
  message: message.describe('The message that began the task'),
  metadata,
});

const snapshot = z.strictObject({
  state: z.enum(['submitted', ...state.options]),
  message: message.optional(),
  sequence: z.number().int().min(0).describe('Of the last report'),
});

/** By the names of their files. */
export const CONTRACT_SCHEMAS: Record<string, z.ZodType> = {
  'task-input': taskInput,
  message,
  report: projection,
  snapshot,
};

/** What is wrong with a report, naming the field; or the report. */
export function readReport(given: unknown): { report: Projection } | { problem: string } {
  const result = projection.safeParse(given);
  if (result.success) return { report: result.data as Projection };
  const [issue] = result.error.issues;
  return { problem: `${issue?.path.join('.')}: ${issue?.message}` };
}
