/** What there is to say of the facade's routes. */
import { z } from 'zod';
import { answers, type DescribedSurface } from '../openapi/operation.ts';
import { INVOKE_ACCESS } from './access.ts';
import { METHOD } from './invoke-routes.ts';
import { getSchema, invokeSchema, listSchema } from './requests.ts';
import { STATES } from './view.ts';

const bag = z.record(z.string(), z.unknown());
const rpcId = z.union([z.string(), z.number(), z.null()]);

const invokeRequest = z.object({
  jsonrpc: z.literal('2.0'),
  id: rpcId.optional().describe('Comes back with the answer.'),
  method: z.literal(METHOD),
  params: invokeSchema,
});

const partSchema = z.object({
  text: z.string().optional(),
  data: z.unknown().optional(),
  url: z.string().optional(),
  raw: z.string().optional().describe('Bytes, in base64.'),
  metadata: bag.optional(),
  filename: z.string().optional(),
  mediaType: z.string().optional(),
});

const messageSchema = z.object({
  messageId: z.string(),
  role: z.enum(['user', 'agent']),
  parts: z.array(partSchema),
  metadata: bag.optional(),
});

const artifactSchema = z.object({
  artifactId: z.string(),
  name: z.string().optional(),
  description: z.string().optional(),
  parts: z.array(partSchema),
  metadata: bag.optional(),
});

const taskSchema = z.object({
  id: z.string(),
  agentId: z.string(),
  sessionId: z.string(),
  status: z.enum(Object.values(STATES)),
  artifacts: z.array(artifactSchema),
  messages: z
    .array(messageSchema)
    .describe('What was said, the oldest first; what the status says comes last.'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const rpcErrorSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: rpcId,
  error: z.object({ code: z.int(), message: z.string() }),
});

const invokeAnswer = z.union([
  z.object({
    jsonrpc: z.literal('2.0'),
    id: rpcId.optional(),
    result: z.object({ task: taskSchema }),
  }),
  rpcErrorSchema.describe('What JSON-RPC can tell goes with 200.'),
]);

const taskPage = z.object({ tasks: z.array(taskSchema), nextCursor: z.string().nullable() });

const plainRefusal = z.object({ message: z.string(), status: z.int() });
const refusal = z.union([plainRefusal, rpcErrorSchema]);
const taskEvent = z.union([taskSchema, plainRefusal]);

/** The facade, described. */
export const INVOKE_DESCRIBED: DescribedSurface = {
  tag: 'Invoke',
  surface: INVOKE_ACCESS,
  refusal,
  operations: {
    'post /invoke': {
      id: 'invoke',
      summary: 'Send a message to an agent, by JSON-RPC',
      body: invokeRequest,
      example: {
        jsonrpc: '2.0',
        id: 1,
        method: METHOD,
        params: { agentId: 'echo', message: { role: 'user', parts: [{ text: 'Hello there' }] } },
      },
      answers: answers(invokeAnswer),
      keyed: true,
    },
    'get /tasks': {
      id: 'listTasks',
      summary: 'The caller’s tasks, newest first',
      query: listSchema,
      answers: answers(taskPage),
    },
    'get /tasks/:id': {
      id: 'getTask',
      summary: 'A task; with `Accept: text/event-stream` after each change, until it ends',
      query: getSchema,
      answers: { 200: { json: taskSchema, events: taskEvent }, 204: {} },
    },
    'get /tasks/:id/stream': {
      id: 'streamTask',
      summary: 'A task as it stands and after each change, until it ends',
      query: getSchema,
      answers: { 200: { events: taskEvent }, 204: {} },
    },
    'post /tasks/:id/cancel': {
      id: 'cancelTask',
      summary: 'Cancel a task',
      answers: answers(taskSchema),
      keyed: true,
    },
  },
  schemas: {
    InvokeRequest: invokeRequest,
    InvokeParams: invokeSchema,
    InvokeResponse: invokeAnswer,
    InvokeTask: taskSchema,
    InvokeTaskPage: taskPage,
    InvokeTaskEvent: taskEvent,
    InvokeRefusal: refusal,
    RpcError: rpcErrorSchema,
  },
};
