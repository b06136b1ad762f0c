/** The answers of the facade, for those who read them: the document and the tests. */
import { z } from 'zod';
import { SCOPES } from '../auth/caller.ts';

const bag = z.record(z.string(), z.unknown());
const moment = z.iso.datetime();
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const count = z.int().min(0);

export const failureSchema = z.object({
  error: z.object({
    code: z.string().describe('What programs tell failures apart by.'),
    message: z.string().describe('For people; names the field, where one is to blame.'),
  }),
  receipt_id: z.uuid().optional(),
  task_id: z.string().optional(),
  context_id: z.string().optional(),
});

export const invokeAnswer = z.object({
  agent_id: z.string(),
  status: z
    .enum(['running', 'input-required', 'auth-required', 'completed', 'failed', 'canceled', 'rejected'])
    .describe('`running` until the task ends, or waits for its caller.'),
  receipt_id: z.uuid().optional().describe('Of the call, or of the call that began the task.'),
  task_id: z.string().optional().describe('Absent when the agent answered without a task.'),
  context_id: z.string().optional(),
  message: z.string().optional().describe('What the agent said last.'),
  output: bag.optional().describe('Its structured result; text alone as `{ text }`.'),
  settlement: bag.optional().describe('The settlement as it was asked for, normalised.'),
  payment_receipt: z.unknown().optional().describe('What the agent says of a payment.'),
  raw: z.unknown().optional().describe('The JSON-RPC response as the agent gave it.'),
});

export const taskEvent = z.union([invokeAnswer, failureSchema]);

const policySchema = z.object({
  decision: z.enum(['allow', 'refuse']),
  code: z.string().optional(),
  message: z.string().optional(),
  risk_level: z.enum(['low', 'medium', 'high']),
  review_version: digest,
});

export const checkAnswer = z.object({
  agent_id: z.string(),
  provider_id: z.string(),
  allowed: z.boolean(),
  error: failureSchema.shape.error.optional(),
  cost_units: count,
  policy: policySchema,
});

const linkSchema = z.object({ receipt_id: z.uuid(), hash: digest });
const verification = z.enum(['not_required', 'pending', 'verified', 'failed']);

export const receiptSchema = z.object({
  receipt_id: z.uuid(),
  agent_id: z.string(),
  provider_id: z.string(),
  caller: z.string(),
  invoke_mode: z.enum(['sync', 'async']),
  status: z.enum(['running', 'succeeded', 'failed', 'rejected']),
  verification: verification.describe('Not signed: it may change after the receipt is final.'),
  request_digest: digest.describe('Over the canonical JSON (RFC 8785) of the request, without its secrets.'),
  cost_units: count,
  policy: policySchema,
  started_at: moment,
  task_id: z.string().optional(),
  context_id: z.string().optional(),
  trace_id: z
    .string()
    .optional()
    .describe('Of the request that made the call, as logs and traces name it. Not signed.'),
  completed_at: moment.optional().describe('From here on: once it is final.'),
  result_digest: digest.optional(),
  sequence: z.int().min(1).optional().describe('Its place in its provider’s sequence.'),
  previous: linkSchema.nullish().describe('The one before it; null for the first.'),
  signature: z.string().optional().describe('A detached JWS over the canonical JSON of the statement.'),
});

export const receiptAnswer = z.object({
  receipt: receiptSchema,
  output: bag.optional().describe('What the agent answered.'),
  stderr: z.string().optional().describe('Why the call failed or was rejected.'),
  payment_receipt: z.unknown().optional(),
  request: bag.optional().describe('When it was asked for and is kept.'),
});

const cursor = z.string().nullable().describe('For the next page; null on the last.');

export const receiptPage = z.object({ receipts: z.array(receiptSchema), next_cursor: cursor });

const placeSchema = linkSchema.extend({ sequence: z.int().min(0) });

export const checkpointAnswer = z.object({
  issued_at: moment,
  chains: z.array(z.object({ provider_id: z.string(), head: placeSchema, cut: placeSchema.optional() })),
  signature: z.string(),
});

export const exportLine = z
  .union([
    z.object({ checkpoint: checkpointAnswer }),
    z.object({
      cut: z.object({
        provider_id: z.string(),
        place: placeSchema.optional().describe('Of the last one that was removed by age.'),
        checkpoint: checkpointAnswer.optional().describe('What was signed when it was, and proves it.'),
      }),
    }),
    z.object({ receipt: receiptSchema, request: bag.optional(), result: bag.optional() }),
  ])
  .describe(
    'First the checkpoint, then what proves where the sequences were cut, then the receipts up to it.',
  );

export const verdictAnswer = z.object({
  receipt_id: z.uuid(),
  verification: z.enum(['verified', 'failed']),
  by: z.string().describe('The caller’s id, or `verifier`.'),
  reason: z.string(),
  at: moment,
});

export const verdictList = z.object({ verifications: z.array(verdictAnswer) });

export const sweepAnswer = z.object({ verified: count, failed: count, put_off: count, problems: count });

const skillSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  examples: z.array(z.string()).optional(),
});

const healthSchema = z.object({
  last_seen_at: moment.nullable(),
  latency_ms: count.nullable(),
  success_rate: z.number().min(0).max(1).nullable(),
  card_problem: z
    .object({ message: z.string(), since: moment })
    .nullable()
    .describe('Why its card is not fetched anew any more: the last good one holds.'),
});

export const agentAnswer = z.object({
  agent_id: z.string(),
  provider_id: z.string(),
  name: z.string(),
  description: z.string(),
  version: z.string(),
  skills: z.array(z.looseObject(skillSchema.shape)),
  kind: z.enum(['workflow', 'remote']),
  card_url: z.url().optional().describe('Of an agent elsewhere, as are those down to `health`.'),
  allow_private: z.boolean().optional(),
  card_signed: z.boolean().optional(),
  card_fetched_at: moment.nullish().describe('When it was fetched as it is; `version` is the card’s.'),
  card_changed_at: moment.nullish(),
  health: healthSchema.optional(),
  status: z
    .enum(['active', 'blocked', 'revoked', 'draining'])
    .describe('`draining`: it is unpublished once its tasks have ended, and takes no new ones.'),
  review: z.object({
    risk_level: z.enum(['low', 'medium', 'high']),
    human_approval_required: z.boolean(),
    allowed_regions: z.array(z.string()),
    cost_per_call_units: count,
    data_classes: z.array(z.string()),
  }),
  review_version: digest,
});

export const agentPage = z.object({ agents: z.array(agentAnswer), next_cursor: cursor });

export const providerAnswer = z.object({
  provider_id: z.string(),
  name: z.string(),
  url: z.url().optional(),
  status: z.enum(['active', 'blocked', 'revoked']),
  created_at: moment,
});

export const providerList = z.object({ providers: z.array(providerAnswer) });

const turned = { status: z.enum(['active', 'blocked', 'revoked']), by: z.string(), reason: z.string() };

export const agentTurned = z.object({ agent_id: z.string(), ...turned });
export const providerTurned = z.object({ provider_id: z.string(), ...turned });

export const authContextAnswer = z.object({
  auth_context_id: z.uuid(),
  provider_id: z.string(),
  auth_model: z.string(),
  subject: z.string().optional(),
  token_preview: z.string().describe('The last four characters of the secret, of a short one none.'),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  created_at: moment,
});

export const authContextList = z.object({ auth_contexts: z.array(authContextAnswer) });

export const keyAnswer = z.object({
  id: z.string().describe('What the key begins with.'),
  name: z.string(),
  scopes: z.array(z.string()).describe(`${SCOPES.join(', ')}, or an agent’s own.`),
  created_at: moment,
  expires_at: moment.nullable(),
  revoked_at: moment.nullable(),
  last_used_at: moment.nullable(),
});

export const keyMade = keyAnswer.extend({ key: z.string().describe('The key itself, this once.') });
export const keyList = z.object({ keys: z.array(keyAnswer) });

const agentAndVersion = z.object({ agent_id: z.string(), version: z.string() });

export const agentsPublished = z.object({
  agents: z.array(
    agentAndVersion.extend({ changed: z.boolean().describe('False when it was published already.') }),
  ),
});

export const agentVersions = z.object({
  agents: z.array(
    agentAndVersion.extend({
      status: z
        .enum(['serving', 'replaced', 'draining', 'unpublished'])
        .describe(
          'New tasks begin on what is serving; with draining none does, and when unpublished none is open any more.',
        ),
      deprecated: z.string().nullable(),
      published_by: z.string(),
      published_at: moment,
    }),
  ),
});

export const agentDraining = z.object({ agent_id: z.string(), status: z.literal('draining') });

export const auditAnswer = z.object({
  entries: z.array(
    z.object({
      id: z.string(),
      at: moment,
      event: z.string(),
      caller: z.string().nullable(),
      address: z.string().nullable(),
      detail: bag,
    }),
  ),
});

export const callerAnswer = z.object({
  caller: z.string().describe('Whom tasks, receipts and the audit log name.'),
  how: z.enum(['local', 'api-key', 'bearer', 'dpop']),
  scopes: z.array(z.enum(SCOPES)).describe('`admin` stands for all of them.'),
});
