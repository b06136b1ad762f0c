/** The bodies of the facade, as its documents name them. What is not named is refused; `null` is absent. */
import { z } from 'zod';
import { TASK_STATES } from '../tasks/task.ts';
import { fieldsOf } from './body-fields.ts';
import { plainDecimal } from './decimal.ts';
import { id, json, jsonObject, line, secretText, some, webAddress, words } from './field-schemas.ts';
import { invalidRequest } from './gateway-error.ts';

/** An `agents.yaml` as JSON; what is in an agent is told by its definition. */
export const publishedSchema = z.strictObject({
  agents: z.array(z.looseObject({ code: words, version: words })),
});

const auth = {
  auth_token: secretText
    .optional()
    .describe('Bearer token or API key for the agent. It is neither kept nor logged.'),
  auth_context_id: z.uuid().optional().describe('A stored credential to use instead of `auth_token`.'),
};

const oneCredential = {
  check: (body: { auth_token?: string | undefined; auth_context_id?: string | undefined }) =>
    body.auth_token === undefined || body.auth_context_id === undefined,
  problem: { error: 'auth_context_id: goes without auth_token', path: [] },
};

const NO_AMOUNT = 'must be a decimal number, not negative';
const decimal = /^\d{1,30}(\.\d{1,18})?$/;

/** How the caller would pay: handed to the agent, which may. Other fields of a payment scheme are kept as they come. */
const settlementSchema = z
  .object({
    rail: z
      .string()
      .max(64)
      .regex(/\S/, 'must not be blank')
      .trim()
      .toLowerCase()
      .optional()
      .describe('Such as `x402` or `ap2`.'),
    currency: z
      .string()
      .regex(/^\s*[A-Za-z0-9]{3,10}\s*$/, 'must be a currency code')
      .trim()
      .toUpperCase()
      .optional()
      .describe('Such as `USD`, any case.'),
    amount: z
      .union(
        [
          z.number().min(0, NO_AMOUNT).lt(1e30, NO_AMOUNT),
          z.string().regex(/^\s*\d{1,30}(\.\d{1,18})?\s*$/, NO_AMOUNT),
        ],
        { error: NO_AMOUNT },
      )
      .transform((amount, context) => {
        const text = typeof amount === 'number' ? plainDecimal(amount) : amount.trim();
        if (text !== undefined && decimal.test(text)) return text;
        const message =
          text === undefined
            ? 'has more digits than a JSON number is sure to keep; send it as a string'
            : NO_AMOUNT;
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      })
      .optional()
      .describe('A decimal number; one of more than 15 digits is sent as a string.'),
  })
  .catchall(json);

export const invokeSchema = z
  .strictObject({
    message: z.string().optional().describe('What the agent is asked, in plain words.'),
    input: jsonObject.optional().describe('Structured input for the agent.'),
    task_id: id.optional().describe('The task that this goes on with.'),
    context_id: id.optional().describe('The conversation it belongs to.'),
    skill_id: id.optional().describe('The skill of the agent that is wanted.'),
    ...auth,
    region: z.string().max(64).optional().describe('Country of the call, ISO 3166-1 alpha-2, any case.'),
    confirm_risky: z.boolean().default(false).describe('A person has approved the call.'),
    max_cost_units: z.int().min(0).optional().describe('The most that the call may cost.'),
    settlement: settlementSchema.optional(),
    agent_envelope: jsonObject
      .optional()
      .describe('What is sent to the agent as it is, in place of `message`, `input` and the ids.'),
  })
  .refine(oneCredential.check, oneCredential.problem)
  .superRefine((body, context) => {
    const beside = ['message', 'input', 'task_id', 'context_id', 'skill_id', 'settlement'] as const;
    const other = beside.find((name) => body[name] !== undefined);
    if (body.agent_envelope !== undefined && other !== undefined) {
      context.addIssue({ code: 'custom', message: `${other}: goes not with agent_envelope` });
    }
    if (body.agent_envelope === undefined && body.input === undefined && !body.message) {
      context.addIssue({ code: 'custom', message: 'message: give message, input or agent_envelope' });
    }
  });

export type InvokeRequest = z.output<typeof invokeSchema>;

export const taskCallSchema = z.strictObject({ ...auth }).refine(oneCredential.check, oneCredential.problem);

export const taskGetSchema = z
  .strictObject({
    history_length: z.int().min(0).default(10).describe('How many of the newest messages `raw` shows.'),
    ...auth,
  })
  .refine(oneCredential.check, oneCredential.problem);

export const taskListSchema = z
  .strictObject({
    context_id: id.optional(),
    status: z
      .enum([...TASK_STATES, 'running'])
      .optional()
      .describe(
        'The state as the agent has it; `running`, as of answers, is one that is submitted or working.',
      ),
    page_size: z.int().min(1).max(100).default(50),
    page_token: z.string().optional().describe('`next_page_token` of the page before.'),
    ...auth,
  })
  .refine(oneCredential.check, oneCredential.problem);

export type TaskListRequest = z.output<typeof taskListSchema>;

export const receiptQuerySchema = z.strictObject({
  agent_id: z.string().optional(),
  provider_id: z.string().optional(),
  status: z.enum(['running', 'succeeded', 'failed', 'rejected']).optional(),
  verification: z.enum(['not_required', 'pending', 'verified', 'failed']).optional(),
  invoke_mode: z.enum(['sync', 'async']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().optional().describe('`next_cursor` of the page before.'),
});

export const receiptGetSchema = z.strictObject({
  include_request: z
    .enum(['true', 'false'])
    .default('false')
    .transform((given) => given === 'true')
    .describe('Also the request as it is kept, without its credentials.'),
});

export type ReceiptListRequest = z.output<typeof receiptQuerySchema>;

export const verdictSchema = z.strictObject({
  verification: z.enum(['verified', 'failed']),
  reason: line(1_000),
});

export const agentQuerySchema = z.strictObject({
  provider_id: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().optional().describe('`next_cursor` of the page before.'),
});

const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'lower-case letters, digits, dots, hyphens and underscores, at most 63',
  );

export const providerSchema = z.strictObject({
  provider_id: name,
  name: line(200),
  url: webAddress.optional(),
});

/** What the record counts to. */
const MAX_COST_UNITS = 2_147_483_647;

const region = z.string().regex(/^[a-z]{2}$/i, 'must be a country code of two letters');

const review = (risk: 'low' | 'medium') =>
  z
    .strictObject({
      risk_level: z.enum(['low', 'medium', 'high']).default(risk),
      human_approval_required: z.boolean().default(false),
      allowed_regions: z.array(region).default([]),
      cost_per_call_units: z.int().min(0).max(MAX_COST_UNITS).default(0),
      data_classes: z.array(words.min(1)).default([]),
    })
    .prefault({});

const provider_id = name.optional().describe('The host’s own when absent.');

/** What is not said of a remote agent is what would be cautious: it is verified. */
export const publishRemoteSchema = z.strictObject({
  agent_id: name,
  provider_id,
  card_url: webAddress,
  review: review('medium'),
  allow_private: z.boolean().default(false).describe('It may be at a private address.'),
});

export type PublishRemoteRequest = z.output<typeof publishRemoteSchema>;
export type ReviewRequest = PublishRemoteRequest['review'];

/** What else its fields hold is told by the definition that is made of them. */
export const publishWorkflowSchema = z.strictObject({
  workflow: z.strictObject({
    code: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63')
      .describe('The agent’s id.'),
    name: some,
    description: some,
    version: some,
    skills: z
      .array(
        z.strictObject({
          id: some,
          name: some,
          description: some,
          tags: z.array(some),
          examples: z.array(words).optional(),
        }),
      )
      .min(1),
    workflow_type: some,
    task_queue: some.describe('Where a worker of its own polls.'),
    args: z
      .array(json)
      .optional()
      .describe('A mapping each, such as `$.data.sku`; the data or the text when absent.'),
    result: z
      .strictObject({ text: some.optional(), data: json.optional(), name: some.optional() })
      .optional()
      .describe('The final message and the artifact, as mappings.'),
  }),
  provider_id,
  review: review('low'),
});

export type PublishWorkflowRequest = z.output<typeof publishWorkflowSchema>;

/** An agent elsewhere, or a workflow of this Temporal. */
export const publishSchema = z.union([publishRemoteSchema, publishWorkflowSchema]);

export const authContextSchema = z.strictObject({
  provider_id: words.min(1),
  auth_model: line(64).describe('Such as `bearer` or `api_key`.'),
  token: secretText,
  subject: words.max(255).optional(),
  expires_at: z.iso.datetime({ offset: true }).optional().describe('Not in the past.'),
});

export const reasonSchema = z.strictObject({ reason: line(1_000) });

/**
 * A body as its schema has it.
 * @throws GatewayError 400 naming the field.
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const given = body ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw invalidRequest('The body must be a JSON object');
  const fields = fieldsOf(given);
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  throw invalidRequest(problemOf(result.error));
}

function problemOf({ issues: [issue] }: z.ZodError): string {
  if (issue?.code === 'unrecognized_keys') {
    const field = [...issue.path, issue.keys[0]].join('.');
    return `${field}: there is no such field`;
  }
  const path = issue?.path.join('.') ?? '';
  return path === '' ? (issue?.message ?? 'The body is invalid') : `${path}: ${issue?.message}`;
}

export const keySchema = z.strictObject({
  name: z.string().describe('Who calls with it.'),
  scopes: z.array(z.string()).describe('What it allows.'),
  expires: z.string().optional().describe('How long it holds, such as `30d`; for ever when absent.'),
});

export const auditQuerySchema = z.strictObject({
  event: z.string().max(255).optional(),
  caller: z.string().max(1_024).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
