/** Agents as MCP tools. Pure. */
import type { Tool } from '@modelcontextprotocol/server';
import type { PublishedAgent } from '../agents/catalog.ts';
import type { AgentDefinition } from '../agents/definition.ts';
import type { JsonSchema } from '../agents/json-schema.ts';
import { invalidParams } from '../errors.ts';
import type { Json, Part } from '../tasks/task.ts';

/** The host's own tools. No workflow code has an underscore. */
export const CONTINUE_TASK = 'continue_task';
export const CANCEL_TASK = 'cancel_task';

type Arguments = Record<string, unknown>;

const string = (description: string) => ({ type: 'string', description });

/** What every tool tells of its task beside the content. */
const outputSchema = {
  type: 'object' as const,
  properties: {
    taskId: string('Names the task'),
    contextId: string('What the tasks of one conversation have in common'),
    state: string(
      'submitted, working, input-required, auth-required, completed, failed, canceled or rejected',
    ),
    message: string('What the agent says'),
    data: { type: 'object', description: 'The data it made, by the names of its artifacts' },
  },
  required: ['taskId', 'contextId', 'state'],
};

/** The tool that begins a task of this agent. */
export const agentTool = (agent: PublishedAgent): Tool =>
  ({
    name: agent.definition.code,
    title: agent.definition.name,
    description: describe(agent.definition),
    inputSchema: argumentsSchema(agent.inputSchema),
    outputSchema,
  }) as unknown as Tool;

const taskId = string('The task, as the tool that began it told');

export const HOST_TOOLS: readonly Tool[] = [
  {
    name: CONTINUE_TASK,
    title: 'Continue a task',
    description:
      'Goes on with a task that another tool began: answers the question it waits with, or, without an answer, waits for it and gives what came of it.',
    inputSchema: {
      type: 'object',
      properties: {
        taskId,
        answer: string('Your answer to its question'),
        data: { description: 'The answer as data, where the agent wants that' },
      },
      required: ['taskId'],
    },
    outputSchema,
  },
  {
    name: CANCEL_TASK,
    title: 'Cancel a task',
    description: 'Stops a task that another tool began.',
    inputSchema: { type: 'object', properties: { taskId }, required: ['taskId'] },
    outputSchema,
  },
];

function describe({ description, deprecated, skills }: AgentDefinition): string {
  const lines = skills.flatMap((skill) => [
    `- ${skill.name}: ${skill.description}`,
    ...(skill.examples ?? []).map((example) => `  For example: ${example}`),
  ]);
  const note = deprecated === undefined ? [] : [`Deprecated: ${deprecated}`];
  return [...note, description, ...lines].join('\n');
}

/** Data that is an object is the arguments themselves. */
function argumentsSchema(input: JsonSchema | undefined): JsonSchema {
  const message = string('What you say to the agent, in plain words');
  if (input === undefined) return { type: 'object', properties: { message }, required: ['message'] };
  if (input.type !== 'object') return { type: 'object', properties: { data: input, message } };
  const properties = { ...propertiesOf(input) };
  return { ...input, properties: { ...(takesMessage(input) && { message }), ...properties } };
}

const propertiesOf = ({ properties }: JsonSchema): JsonSchema => (properties ?? {}) as JsonSchema;

/** Words may go beside the data, unless that has a field of the name. */
const takesMessage = (input: JsonSchema): boolean => !('message' in propertiesOf(input));

/** The parts of the message that a call's arguments are. @throws HostError `invalid_params` naming the argument. */
export function partsOf({ inputSchema }: PublishedAgent, given: Arguments): Part[] {
  if (inputSchema === undefined) return said({ text: given.message });
  if (inputSchema.type !== 'object') return said({ text: given.message, data: given.data });
  if (!takesMessage(inputSchema)) return said({ data: given });
  const { message, ...data } = given;
  // Without a word either, the data is what is wrong.
  const none = message !== undefined && Object.keys(data).length === 0;
  return said({ text: message, ...(none ? {} : { data }) });
}

/** An answer's parts; none when there is no answer. */
export const answerParts = ({ answer, data }: Arguments): Part[] =>
  answer === undefined && data === undefined ? [] : said({ text: answer, data }, 'answer');

function said({ text, data }: { text?: unknown; data?: unknown }, name = 'message'): Part[] {
  if (text !== undefined && typeof text !== 'string') throw invalidParams(name, 'must be a string');
  const parts: Part[] = [
    ...(text === undefined ? [] : [{ text }]),
    ...(data === undefined ? [] : [{ data: data as Json }]),
  ];
  if (parts.length === 0) throw invalidParams(name, 'is required');
  return parts;
}
