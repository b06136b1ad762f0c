import { createHash } from 'node:crypto';
import { HostError, messageOf } from '../errors.ts';
import { isVisible, type Viewer } from './access.ts';
import type { AgentDefinition } from './definition.ts';
import { type JsonSchema, toJsonSchema } from './json-schema.ts';

/** An agent as the host offers it. */
export interface PublishedAgent {
  definition: AgentDefinition;
  /** When it was published; at the host's start when absent. */
  since?: Date;
  /** The JSON Schema (2020-12) of a message's data part, when the agent declares its input. */
  inputSchema?: JsonSchema;
}

type Preparation = (agents: readonly PublishedAgent[]) => Promise<void>;

/** The published agents, in memory: those of the deployment, and those that were published at run time. */
export class AgentCatalog {
  readonly #deployed: ReadonlyMap<string, PublishedAgent>;
  readonly #preparations: Preparation[] = [];
  readonly #listeners: ((changed: readonly PublishedAgent[]) => void)[] = [];
  #agents: ReadonlyMap<string, PublishedAgent>;
  #limited: readonly PublishedAgent[] = [];
  #version: string | undefined;

  /** @throws HostError `config` when an agent's input has no JSON Schema. */
  constructor(definitions: readonly AgentDefinition[]) {
    this.#deployed = new Map(definitions.map((definition) => [definition.code, publish(definition)]));
    this.#agents = this.#deployed;
    this.#noteLimited();
  }

  /** @param prepare runs before agents that are published at run time are seen. */
  onPublish(prepare: Preparation): void {
    this.#preparations.push(prepare);
  }

  /** @param listener told of the agents that are there, or gone, or others, once they are. */
  onChange(listener: (changed: readonly PublishedAgent[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes these, and no others, the agents that were published at run time. One whose code the deployment has is not seen. */
  async replacePublished(published: readonly PublishedAgent[]): Promise<void> {
    const known = new Set(this.all());
    const added = published.filter((agent) => !known.has(agent));
    for (const prepare of this.#preparations) await prepare(added);
    const entries = published.map((agent) => [agent.definition.code, agent] as const);
    this.#agents = new Map([...entries, ...this.#deployed]);
    this.#version = undefined;
    this.#noteLimited();
    const now = new Set(this.all());
    const gone = [...known].filter((agent) => !now.has(agent));
    if (added.length + gone.length === 0) return;
    for (const listener of this.#listeners) listener([...added, ...gone]);
  }

  #noteLimited(): void {
    this.#limited = this.all().filter(({ definition }) => definition.access !== undefined);
  }

  /** The agents of the deployment's files. */
  deployed(): PublishedAgent[] {
    return [...this.#deployed.values()];
  }

  /** Those that are there for more than their ended tasks. */
  published(): PublishedAgent[] {
    return this.all().filter(({ definition }) => definition.unpublished !== true);
  }

  /** Whether such an agent is published, for this viewer. */
  publishes(code: string, viewer: Viewer | undefined): boolean {
    return this.has(code, viewer) && this.get(code)?.definition.unpublished !== true;
  }

  /** Those that take new tasks. */
  offered(): PublishedAgent[] {
    return this.all().filter(({ definition }) => definition.draining !== true);
  }

  get(code: string): PublishedAgent | undefined {
    return this.#agents.get(code);
  }

  /** Whether there is such an agent for this viewer, or was one whose tasks can be read. */
  has(code: string, viewer: Viewer | undefined): boolean {
    const agent = this.#agents.get(code);
    return agent !== undefined && isVisible(agent.definition, viewer);
  }

  /** The codes of the agents that are not there for this viewer. */
  hiddenFrom(viewer: Viewer): string[] {
    return this.#limited
      .filter(({ definition }) => !isVisible(definition, viewer))
      .map(({ definition }) => definition.code);
  }

  all(): PublishedAgent[] {
    return [...this.#agents.values()];
  }

  /** A short digest of what is published: equal on every host that publishes the same. */
  version(): string {
    this.#version ??= digestOf(this.published());
    return this.#version;
  }
}

function digestOf(agents: readonly PublishedAgent[]): string {
  const described = agents
    .map(({ definition, inputSchema }) => JSON.stringify({ ...definition, input: inputSchema }))
    .sort();
  return createHash('sha256').update(described.join('\n')).digest('hex').slice(0, 16);
}

/** @throws HostError `config` when its input has no JSON Schema. */
export function publish(definition: AgentDefinition): PublishedAgent {
  if (definition.input === undefined) return { definition };
  try {
    return { definition, inputSchema: toJsonSchema(definition.input) };
  } catch (error) {
    throw new HostError(
      'config',
      `agent "${definition.code}": input: cannot be shown as JSON Schema: ${messageOf(error)}`,
      { field: 'input', cause: error },
    );
  }
}
