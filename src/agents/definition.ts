import { z } from 'zod';
import { HostError } from '../errors.ts';
import type { PlainWorkflow } from '../mapping/plain.ts';
import { type AgentAccess, accessSchema } from './access.ts';
import { plainSchema, theirQueue } from './plain.ts';
import { type DeclaredReview, reviewSchema } from './review.ts';
import { illFormedIn } from './text.ts';

/** A2A v1.0 §4.4.5. */
export interface AgentSkill {
  id: string;
  name: string;
  description: string;
  tags: string[];
  examples?: string[];
}

/** A2A v1.0 §4.4.4. */
export interface AgentExtension {
  uri: string;
  description?: string;
  /** A request that does not name it is refused. */
  required?: boolean;
  params?: Record<string, unknown>;
}

/** The host's own agent, which finds agents. */
export const DIRECTORY_CODE = 'directory';

const TAKEN: Record<string, string> = {
  agents: 'is taken by the registry search',
  files: 'is taken by the files of tasks',
  [DIRECTORY_CODE]: 'is taken by the host’s own agent',
};

/** What an agent is. It holds no workflow code: the host reads it, the worker bundles `workflow.ts`. */
export interface AgentDefinition {
  /** The workflow code: names the agent in every path. Lower-case letters, digits and hyphens. */
  code: string;
  name: string;
  description: string;
  version: string;
  skills: AgentSkill[];
  /** The exported name of the workflow function in `workflow.ts`, which is its workflow type. Or `plain`, or `cooperating`. */
  workflow?: string;
  /** A workflow that knows nothing of tasks, in any language, as it is: how it is started and understood. */
  plain?: PlainWorkflow;
  /** A workflow of another worker, in any language, that says by itself what its task is to show. */
  cooperating?: { workflowType: string; taskQueue: string };
  /** The task queue that `workflow` runs on; the host's `agents` queue when absent. */
  taskQueue?: string;
  /** Shape of the message's data part. A message that does not fit is refused before a workflow starts. */
  input?: z.ZodType;
  /** Media types taken and given; text and JSON when absent. */
  inputModes?: string[];
  outputModes?: string[];
  /** What clients may, or must, ask for beside the protocol, by `A2A-Extensions`. */
  extensions?: AgentExtension[];
  /** What only callers with credentials are shown: another description, more skills (A2A v1.0 §3.1.11). */
  extended?: { description?: string; skills?: AgentSkill[] };
  /** `new-task`: every message starts a task of its own, even one that repeats a message id. */
  duplicateMessages?: 'same-task' | 'new-task';
  /** What calls through the gateway are held against; low risk, free and from anywhere when absent. */
  review?: DeclaredReview;
  /** Who may see and call it; everyone when absent. For anybody else there is no such agent. */
  access?: AgentAccess;
  /** Who offers it at the gateway: the id of a provider there; the host's own when absent. */
  provider?: string;
  /** It may answer with a plain message and no task (`task.reply`): a task is shown once it has said something else. */
  mayReply?: boolean;
  /** It is not to be used by anything new: what to use instead, or until when it is there. Its card says so. */
  deprecated?: string;
  /** Set by the host on one that is being unpublished: tasks under way go on, and none begins. */
  draining?: true;
  /** Set beside it once none of its tasks is open: it is there for those that ended, and for nothing else. */
  unpublished?: true;
  /** Its tasks take long: calls by the invoke facade are answered at once, with the task as it stands. */
  longRunning?: boolean;
}

const mediaType = z.string().regex(/^(\*\/\*|[\w.+-]+\/[\w.+*-]+)$/, 'not a media type');

const skills = z
  .array(
    z.strictObject({
      id: z.string().min(1),
      name: z.string().min(1),
      description: z.string().min(1),
      tags: z.array(z.string().min(1)),
      examples: z.array(z.string()).optional(),
    }),
  )
  .min(1);

const definitionFields = z.strictObject({
  code: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63')
    .refine((code) => !(code in TAKEN), { error: ({ input }) => TAKEN[String(input)] }),
  name: z.string().min(1),
  description: z.string().min(1),
  version: z.string().min(1),
  skills,
  workflow: z
    .string()
    .regex(/^[A-Za-z_$][\w$]*$/, 'the name of an exported function')
    .optional(),
  plain: plainSchema.optional(),
  cooperating: z.strictObject({ workflowType: z.string().min(1), taskQueue: theirQueue }).optional(),
  taskQueue: z.string().min(1).optional(),
  input: z.instanceof(z.ZodType).optional(),
  inputModes: z.array(mediaType).min(1).optional(),
  outputModes: z.array(mediaType).min(1).optional(),
  extensions: z
    .array(
      z.strictObject({
        // As one of a list that commas part.
        uri: z.string().regex(/^[a-z][a-z\d+.-]*:[^\s,]+$/i, 'not a URI'),
        description: z.string().optional(),
        required: z.boolean().optional(),
        params: z.record(z.string(), z.json()).optional(),
      }),
    )
    .optional(),
  extended: z
    .strictObject({ description: z.string().min(1).optional(), skills: skills.optional() })
    .refine(
      ({ description, skills }) => description !== undefined || skills !== undefined,
      'shows nothing more',
    )
    .optional(),
  duplicateMessages: z.enum(['same-task', 'new-task']).optional(),
  review: reviewSchema.optional(),
  access: accessSchema.optional(),
  provider: z.string().min(1).optional(),
  mayReply: z.boolean().optional(),
  longRunning: z.boolean().optional(),
  deprecated: z.string().trim().min(1).max(1_000).optional(),
});

const definitionSchema = definitionFields.check(({ value, issues }) => {
  const problem = problemOf(value);
  if (problem) issues.push({ code: 'custom', input: value, ...problem });
  const text = illFormedIn(value);
  if (text) issues.push({ code: 'custom', input: value, path: text.path, message: text.problem });
});

type Shaped = { [K in 'workflow' | 'plain' | 'cooperating' | 'taskQueue' | 'mayReply']?: unknown };

/** One of three ways to be run, and nothing that only another way has. */
function problemOf({ workflow, plain, cooperating, taskQueue, mayReply }: Shaped) {
  const ways = [workflow, plain, cooperating].filter((way) => way !== undefined).length;
  if (ways === 0) return { path: ['workflow'], message: 'is missing: give workflow, plain or cooperating' };
  if (ways > 1)
    return { path: ['workflow'], message: 'only one of workflow, plain and cooperating is taken' };
  if (workflow !== undefined) return undefined;
  if (taskQueue !== undefined) return { path: ['taskQueue'], message: 'belongs into plain or cooperating' };
  if (plain !== undefined && mayReply)
    return { path: ['mayReply'], message: 'a plain workflow makes no replies' };
  return undefined;
}

/**
 * Declares an agent; the default export of its `agent.ts`.
 * @throws HostError `config`, naming the field, when the definition cannot be published.
 */
export function defineAgent(definition: AgentDefinition): AgentDefinition {
  const result = definitionSchema.safeParse(definition);
  if (!result.success) {
    const issue = result.error.issues[0];
    const field = issue?.path.join('.') ?? '';
    throw new HostError(
      'config',
      `agent ${JSON.stringify(definition.code)}: ${field ? `${field}: ` : ''}${issue?.message}`,
      { field },
    );
  }
  return definition;
}
