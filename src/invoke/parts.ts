/** The content parts of a message. Pure. */
import { z } from 'zod';
import { isBase64 } from '../tasks/part.ts';
import type { Json, Metadata, Part } from '../tasks/task.ts';

const CONTENTS = ['text', 'data', 'url', 'raw'] as const;

const aboutSchema = z.strictObject({
  text: z.unknown().optional().describe('Words. Exactly one of these four is given.'),
  data: z.unknown().optional().describe('Any JSON.'),
  url: z.unknown().optional().describe('An address, which nobody fetches.'),
  raw: z.unknown().optional().describe('Bytes, in base64.'),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  filename: z.string().max(255).nullish(),
  mediaType: z.string().max(255).nullish(),
});

/** Exactly one of text, data, url and raw, which is base64. `null` is absent, but where it is the data. */
export const partSchema = aboutSchema.transform((given, context): Part => {
  const set = CONTENTS.filter((name) => given[name] !== undefined && given[name] !== null);
  const [content = 'data'] = set;
  const value = given[content];
  if (set.length > 1 || value === undefined) {
    context.addIssue('must have exactly one of text, data, url and raw');
    return z.NEVER;
  }
  const problem = content === 'data' ? undefined : problemOf(content, value);
  if (problem !== undefined) {
    context.addIssue({ code: 'custom', message: problem, path: [content] });
    return z.NEVER;
  }
  const { metadata, filename, mediaType } = given;
  return {
    [content]: content === 'raw' ? Buffer.from(String(value), 'base64').toString('base64') : (value as Json),
    ...(filename ? { filename } : {}),
    ...(mediaType ? { mediaType } : {}),
    ...(metadata ? { metadata: metadata as Metadata } : {}),
  };
});

function problemOf(content: 'text' | 'url' | 'raw', value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  if (content === 'url' && value === '') return 'must not be empty';
  if (content === 'raw' && !isBase64(value)) return 'is not base64';
  return undefined;
}
