import { z } from 'zod';
import { type Mapping, problemIn } from '../mapping/mapping.ts';
import { durationMs, MESSAGE_ROOTS, type PlainWorkflow } from '../mapping/plain.ts';

/** `agents`, and the host's own, which all begin so. */
const HOST_QUEUES = /^(agents|agent-host(-.*)?)$/;

/** A task queue that another worker polls. */
export const theirQueue = z
  .string()
  .min(1)
  .refine((queue) => !HOST_QUEUES.test(queue), 'is polled by the host’s own workers');

const mapping = (...roots: string[]): z.ZodType<Mapping> =>
  z.json().check(({ value, issues }) => {
    const problem = problemIn(value, roots);
    if (problem) issues.push({ code: 'custom', input: value, message: problem });
  });

/** The same for one text. */
const template = (...roots: string[]) =>
  z
    .string()
    .min(1)
    .check(({ value, issues }) => {
      const problem = problemIn(value, roots);
      if (problem) issues.push({ code: 'custom', input: value, message: problem });
    });

const fromMessage = mapping(...MESSAGE_ROOTS);
const fromAnswer = template('answer');
const duration = z
  .string()
  .refine((text) => durationMs(text) !== undefined, 'must be a duration such as 90s, 15m, 2h or 7d');

/** A function, which is its author's to get right, or what the schema takes. */
const functionOr = (schema: z.ZodType): z.ZodType =>
  z.unknown().check(({ value, issues }) => {
    if (typeof value === 'function') return;
    const result = schema.safeParse(value);
    const problems = result.success ? [] : result.error.issues;
    issues.push(
      ...problems.map(({ path, message }) => ({ code: 'custom' as const, input: value, path, message })),
    );
  });

const waitsFor = z
  .strictObject({
    query: z.string().min(1),
    when: fromAnswer.startsWith('$', 'must be a path such as $.answer.waits').optional(),
    question: fromAnswer.optional(),
    update: z.string().min(1).optional(),
    signal: z.string().min(1).optional(),
    args: z.array(mapping('text', 'data', 'parts', 'metadata', 'messageId')).optional(),
  })
  .refine(({ update, signal }) => (update === undefined) !== (signal === undefined), {
    error: 'give either update or signal: what takes the answer',
  });

/** The fields of a plain workflow, in code and in a file. */
export const plainSchema: z.ZodType<unknown> = z.strictObject({
  workflowType: z.string().min(1),
  taskQueue: theirQueue,
  args: functionOr(z.array(fromMessage)).optional(),
  result: functionOr(
    z.strictObject({
      text: template(...MESSAGE_ROOTS, 'result').optional(),
      data: mapping(...MESSAGE_ROOTS, 'result').optional(),
      name: z.string().min(1).optional(),
    }),
  ).optional(),
  timeout: duration.optional(),
  cancelWithin: duration.optional(),
  memo: z.record(z.string(), fromMessage).optional(),
  searchAttributes: z.record(z.string(), fromMessage).optional(),
  waitsFor: waitsFor.optional(),
} satisfies Record<keyof PlainWorkflow, z.ZodType>);
