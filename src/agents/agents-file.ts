import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { HostError, messageOf } from '../errors.ts';
import { type AgentDefinition, defineAgent } from './definition.ts';
import { fromJsonSchema } from './json-schema.ts';
import { illFormedIn } from './text.ts';

// YAML is JSON too.
const NAMES = ['agents.yaml', 'agents.yml', 'agents.json'];

const fileSchema = z.strictObject({
  agents: z.array(z.looseObject({ code: z.string(), input: z.record(z.string(), z.json()).optional() })),
});

export interface DeclaredInFile {
  definition: AgentDefinition;
  file: string;
}

/**
 * Reads the agents that are data: workflows that others run, in the `agents.yaml` of a folder; undefined without one.
 * @throws HostError `config`, naming the file, the agent and the field, or the files when there are several.
 */
export async function readAgentsFile(folder: string): Promise<DeclaredInFile[] | undefined> {
  const texts = await Promise.all(NAMES.map(async (name) => ({ name, text: await textIn(folder, name) })));
  const [first, second] = texts.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]));
  if (first === undefined) return undefined;
  if (second !== undefined) {
    throw configError(folder, 'WORKFLOWS', `holds ${first.name} and ${second.name}; one of them is read`);
  }
  const file = join(folder, first.name);
  return agentsOf(file, first.text).map((definition) => ({ definition, file }));
}

async function textIn(folder: string, name: string): Promise<string | undefined> {
  const file = join(folder, name);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw configError(file, 'WORKFLOWS', `cannot be read: ${messageOf(error)}`, error);
  }
}

function agentsOf(file: string, text: string): AgentDefinition[] {
  try {
    return agentsIn(parsedAgents(text));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new HostError('config', `${file}: ${error.message}`, { field: error.field ?? '', cause: error });
  }
}

/**
 * The agents that a value as of an `agents.yaml` declares, in its order.
 * @throws HostError `config`, naming the agent and the field.
 */
export function agentsIn(value: unknown): AgentDefinition[] {
  const result = fileSchema.safeParse(value);
  if (result.success) return result.data.agents.map(definitionOf);
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new HostError('config', `${field ? `${field}: ` : ''}${issue?.message}`, { field });
}

/** What a file says, before anything is made of it. @throws HostError `config` when it is no YAML. */
export function parsedAgents(text: string): unknown {
  try {
    return parse(text, { merge: true });
  } catch (error) {
    const problem = `agents: is no YAML: ${messageOf(error).split('\n')[0]}`;
    throw new HostError('config', problem, { field: 'agents', cause: error });
  }
}

function definitionOf({ input, ...given }: { code: string; input?: Record<string, unknown> | undefined }) {
  const definition = given as unknown as AgentDefinition;
  if (definition.workflow !== undefined) {
    const problem = `agent "${given.code}": workflow: needs a folder of its own; give plain or cooperating`;
    throw new HostError('config', problem, { field: 'workflow' });
  }
  return defineAgent(input === undefined ? definition : { ...definition, input: inputOf(given.code, input) });
}

function inputOf(code: string, schema: Record<string, unknown>): z.ZodType {
  const text = illFormedIn(schema, ['input']);
  if (text !== undefined) {
    const field = text.path.join('.');
    throw new HostError('config', `agent "${code}": ${field}: ${text.problem}`, { field });
  }
  try {
    return fromJsonSchema(schema);
  } catch (error) {
    const problem = `agent "${code}": input: ${messageOf(error)}`;
    throw new HostError('config', problem, { field: 'input', cause: error });
  }
}

const configError = (path: string, field: string, problem: string, cause?: unknown): HostError =>
  new HostError('config', `${path}: ${field}: ${problem}`, { field, cause });
