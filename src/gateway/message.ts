/** What a body says, as the message that goes to the agent. Pure. */
import { z } from 'zod';
import type { JsonObject } from '../receipts/receipt.ts';
import { MAX_PARTS } from '../tasks/message.ts';
import type { Json, Message, Metadata, Part } from '../tasks/task.ts';
import { type InvokeRequest, parseBody } from './requests.ts';

/** A message and where it belongs. */
export interface OutgoingMessage {
  message: Message;
  taskId?: string | undefined;
  contextId?: string | undefined;
  /** The caller's own words in place of the message, for agents elsewhere. */
  envelope?: JsonObject;
}

/**
 * `message` as a text part, `input` as a data part; the skill and the settlement in the message's metadata. An
 * envelope's message is taken as it is.
 * @param messageId of a message that names none itself.
 * @throws GatewayError 400 naming what of an envelope cannot be read.
 */
export function messageOf(request: InvokeRequest, messageId: string): OutgoingMessage {
  if (request.agent_envelope !== undefined) return fromEnvelope(request.agent_envelope, messageId);
  const { message: text, input: data, skill_id, settlement, task_id, context_id } = request;
  const parts: Part[] = [...(text ? [{ text }] : []), ...(data === undefined ? [] : [{ data }])];
  const metadata: Metadata = {
    ...(skill_id === undefined ? {} : { skill_id }),
    ...(settlement === undefined ? {} : { settlement: settlement as Json }),
  };
  return {
    message: {
      messageId,
      role: 'user',
      parts,
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    },
    taskId: task_id,
    contextId: context_id,
  };
}

const metadata = z.record(z.string(), z.json()).nullish();
const base = { metadata };

/** A2A v1.0 §4.1.6, and v0.3 §6.5, whose parts say their kind (or, before, their type). */
const partSchema = z
  .union([
    z.object({ ...base, text: z.string() }),
    z.object({ ...base, kind: z.literal('data').optional(), data: z.json() }),
    z.object({
      ...base,
      file: z.object({
        bytes: z.string().optional(),
        uri: z.string().optional(),
        name: z.string().optional(),
        mimeType: z.string().optional(),
      }),
    }),
    z.object({ ...base, raw: z.base64() }),
    z.object({ ...base, url: z.string() }),
  ])
  .and(z.object({ filename: z.string().optional(), mediaType: z.string().optional() }));

/** As the ids of a body; an empty one is none. */
const named = z
  .string()
  .max(255)
  .regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'holds control characters')
  .nullish();
const elsewhere = (field: string) => z.undefined({ error: `belongs in ${field}` }).optional();
const texts = z.array(z.string()).nullish();

const messageSchema = z.object({
  messageId: named,
  role: z.enum(['user', 'ROLE_USER'], { error: 'must be the user’s' }),
  // Counted first: reading many takes long.
  parts: z
    .custom<unknown>(
      (parts) => !Array.isArray(parts) || parts.length <= MAX_PARTS,
      `has more than ${MAX_PARTS} parts`,
    )
    .pipe(z.array(partSchema, { error: 'must be a list of parts' }).min(1, 'must hold at least one part')),
  taskId: named,
  contextId: named,
  // Their other spelling, which an agent that gets the envelope as it is may read.
  task_id: elsewhere('taskId'),
  context_id: elsewhere('contextId'),
  metadata,
  extensions: texts,
  referenceTaskIds: texts,
});

const SENDS = ['SendMessage', 'message/send', 'tasks/send'];

const paramsSchema = z.object({ message: messageSchema, metadata, id: elsewhere('message.taskId') });
const requestSchema = z
  .object({
    method: z.enum(SENDS, { error: `must be ${SENDS.join(' or ')}` }).optional(),
    params: paramsSchema,
  })
  .transform(({ params }) => params);
const bareSchema = messageSchema.transform((message) => ({ message, metadata: undefined }));

type Envelope = NonNullable<InvokeRequest['agent_envelope']>;

function fromEnvelope(envelope: Envelope, messageId: string): OutgoingMessage {
  const { message, metadata: beside } = readEnvelope(envelope);
  const all = { ...beside, ...message.metadata };
  return {
    message: {
      messageId: message.messageId || messageId,
      role: 'user',
      parts: message.parts.map(toPart),
      ...(Object.keys(all).length === 0 ? {} : { metadata: all as Metadata }),
      ...(message.extensions ? { extensions: message.extensions } : {}),
      ...(message.referenceTaskIds ? { referenceTaskIds: message.referenceTaskIds } : {}),
    },
    taskId: message.taskId || undefined,
    contextId: message.contextId || undefined,
    envelope: message.messageId ? envelope : identified(envelope, messageId),
  };
}

/** By its message's id an agent knows a message that comes again, and so it needs one. */
function identified(envelope: Envelope, messageId: string): Envelope {
  const inner = 'params' in envelope ? 'params' : 'message' in envelope ? 'message' : undefined;
  if (inner === undefined) return { ...envelope, messageId };
  return { ...envelope, [inner]: identified(envelope[inner] as Envelope, messageId) };
}

/**
 * A JSON-RPC request, the parameters of a send, or a message alone: by what it has, so that a complaint names the
 * field of that one.
 */
function readEnvelope(envelope: Envelope) {
  const schema = 'params' in envelope ? requestSchema : 'message' in envelope ? paramsSchema : bareSchema;
  return parseBody(z.object({ agent_envelope: schema }), { agent_envelope: envelope }).agent_envelope;
}

function toPart(given: z.output<typeof partSchema>): Part {
  const { filename, mediaType } = given;
  const about = {
    ...(filename === undefined ? {} : { filename }),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(given.metadata ? { metadata: given.metadata as Metadata } : {}),
  };
  if ('text' in given) return { text: given.text, ...about };
  if ('raw' in given) return { raw: given.raw, ...about };
  if ('url' in given) return { url: given.url, ...about };
  if ('data' in given) return { data: given.data as Json, ...about };
  const { bytes, uri, name, mimeType } = given.file;
  return {
    ...about,
    ...(bytes === undefined ? { url: uri ?? '' } : { raw: bytes }),
    ...(name === undefined ? {} : { filename: name }),
    ...(mimeType === undefined ? {} : { mediaType: mimeType }),
  };
}
