import { access, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HostError, messageOf } from '../errors.ts';
import { readAgentsFile } from './agents-file.ts';
import { type AgentDefinition, defineAgent } from './definition.ts';

/** An agent and the files it is made of. */
export interface AgentSource {
  definition: AgentDefinition;
  folder: string;
  /** What the worker bundles; absent when another worker runs the workflow. */
  workflowFile?: string;
  activitiesFile?: string;
}

interface Declared {
  definition: AgentDefinition;
  folder: string;
  /** The folder's name; absent when the agent is declared in a file with others. */
  name?: string;
  file: string;
}

const EXTENSIONS = ['.ts', '.js', '.mjs'];

/**
 * Reads the agents of a folder, one folder an agent and those of its `agents.yaml`, sorted by code. Only each
 * `agent.ts` is imported.
 * A folder that holds neither an agent nor a workflow is code that agents share, and is passed over; so is
 * one without an agent whose name begins with `_` or `.` or is `node_modules`.
 * @throws HostError `config`, naming the file and the field, when an agent cannot be published.
 */
export async function loadAgents(workflowsDir: string): Promise<AgentSource[]> {
  const root = resolve(workflowsDir);
  const declared: Declared[] = [];
  for (const name of await foldersIn(root)) {
    const folder = join(root, name);
    const file = await moduleIn(folder, 'agent');
    if (file) declared.push({ definition: await readDefinition(file), folder, name, file });
    else if (!isPassedOver(name) && (await moduleIn(folder, 'workflow'))) {
      throw configError(folder, 'agent.ts', 'is missing beside the workflow');
    }
  }
  const inFile = await readAgentsFile(root);
  declared.push(...(inFile ?? []).map((each) => ({ ...each, folder: root })));
  if (declared.length === 0) {
    const file = inFile === undefined ? 'no agents.yaml' : 'none in its agents file, whose list is empty';
    throw configError(root, 'WORKFLOWS', `has no agents: no folder with an agent.ts and ${file}`);
  }
  checkUnique(declared, 'code');
  checkUnique(declared, 'workflow');
  checkQueues(declared);
  const sources = await Promise.all(declared.map(toSource));
  return sources.sort((a, b) => (a.definition.code < b.definition.code ? -1 : 1));
}

async function foldersIn(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    throw configError(root, 'WORKFLOWS', `cannot be read as a folder: ${messageOf(error)}`, error);
  }
}

const isPassedOver = (name: string): boolean => /^[._]/.test(name) || name === 'node_modules';

async function moduleIn(folder: string, name: string): Promise<string | undefined> {
  for (const extension of EXTENSIONS) {
    const file = join(folder, `${name}${extension}`);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) return file;
  }
  return undefined;
}

async function readDefinition(file: string): Promise<AgentDefinition> {
  const value = await importDefault(file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configError(file, 'default export', 'must be what defineAgent({ … }) returns');
  }
  try {
    // Again, for those who export a bare object.
    return defineAgent(value as AgentDefinition);
  } catch (error) {
    const field = error instanceof HostError ? error.field : undefined;
    throw new HostError('config', `${file}: ${messageOf(error)}`, { field: field ?? '', cause: error });
  }
}

async function importDefault(file: string): Promise<unknown> {
  if (file.endsWith('.ts')) await readTypeScript();
  try {
    const { default: exported } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    // TypeScript outside a package of type "module" is CommonJS, whose default export lies one deeper.
    const inner = exported as { __esModule?: boolean; default?: unknown } | undefined | null;
    return inner?.__esModule ? inner.default : exported;
  } catch (error) {
    throw configError(file, 'default export', `cannot be imported: ${messageOf(error)}`, error);
  }
}

let registered: Promise<void> | undefined;

/** Lets `import()` read TypeScript, once a process: Node 20 does not by itself. */
function readTypeScript(): Promise<void> {
  registered ??= (async () => {
    const [esm, commonJs] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')]);
    commonJs.register();
    // A tsconfig.json lying about where the host is started must not change what agents import.
    esm.register({ tsconfig: false });
  })();
  return registered;
}

async function toSource({ definition, folder, name, file }: Declared): Promise<AgentSource> {
  if (name !== undefined && definition.code !== name) {
    throw configError(file, 'code', `is "${definition.code}", but its folder is named "${name}"`);
  }
  // Another worker has its workflow and its activities.
  if (definition.workflow === undefined) return { definition, folder };
  const workflowFile = await moduleIn(folder, 'workflow');
  if (!workflowFile) {
    throw configError(folder, 'workflow.ts', `is missing: it exports the function "${definition.workflow}"`);
  }
  const activitiesFile = await moduleIn(folder, 'activities');
  return { definition, folder, workflowFile, ...(activitiesFile && { activitiesFile }) };
}

/** The worker bundles all workflows into one: both the codes and the exported names must differ. */
function checkUnique(declared: readonly Declared[], field: 'code' | 'workflow'): void {
  const firstFiles = new Map<string, string>();
  for (const { definition, file } of declared) {
    const value = definition[field];
    if (value === undefined) continue;
    const first = firstFiles.get(value);
    if (first) throw configError(file, field, `"${value}" is taken by ${first}`);
    firstFiles.set(value, file);
  }
}

/** A queue that this host's workers poll would hand them workflows of another worker's, which they do not know. */
function checkQueues(declared: readonly Declared[]): void {
  const own = new Set(declared.map(({ definition }) => definition.taskQueue));
  for (const { definition, file } of declared) {
    const way = definition.plain === undefined ? 'cooperating' : 'plain';
    const queue = definition[way]?.taskQueue;
    if (queue !== undefined && own.has(queue)) {
      throw configError(file, `${way}.taskQueue`, `"${queue}" is polled by this host's own workers`);
    }
  }
}

const configError = (path: string, field: string, problem: string, cause?: unknown): HostError =>
  new HostError('config', `${path}: ${field}: ${problem}`, { field, cause });
