import { isDeepStrictEqual } from 'node:util';
import { HostError } from '../errors.ts';
import type { Claim } from '../idempotency/ports.ts';
import { agentsIn } from './agents-file.ts';
import { type AgentCatalog, type PublishedAgent, publish } from './catalog.ts';
import type { AgentDefinition } from './definition.ts';

/** An agent as it was given, in the words of an `agents.yaml`. */
export type GivenAgent = Record<string, unknown> & { code: string; version: string };

/** A version of an agent that was published at run time. */
export interface AgentVersion {
  code: string;
  version: string;
  given: GivenAgent;
  /** The one that new tasks begin on. */
  newest: boolean;
  /** Since when its agent is being unpublished. */
  drainingSince?: Date;
  /** When it was, none of its tasks being open any more. What was published is kept. */
  unpublishedAt?: Date;
  publishedBy: string;
  publishedAt: Date;
}

/** Who publishes. */
export interface Publisher {
  by: string;
  /** Their address; undefined when there is none. */
  from?: string | undefined;
  /** The key of their request: under it a thing is published once. */
  claim?: Claim | undefined;
}

/** The record of agents published at run time. All that it does is audited, and told to every process. */
export interface PublishedStore {
  /** Every version that is kept, by code and then newest first. */
  versions(): Promise<AgentVersion[]>;
  /**
   * Adds these versions, all or none; what is there already stays.
   * @returns those that were added or changed; or the first that cannot be, and why.
   */
  publish(agents: readonly GivenAgent[], who: Publisher): Promise<{ changed: string[] } | Clash>;
  /** Lets it drain; false when none of this code is published. */
  unpublish(code: string, who: Publisher): Promise<boolean>;
}

export interface Clash {
  code: string;
  problem: string;
}

/** What publishing a version does, beside the versions of its agent there are. Pure. */
export function publishing(
  given: GivenAgent,
  known: readonly Pick<AgentVersion, 'version' | 'given' | 'newest' | 'drainingSince'>[],
): 'add' | 'amend' | 'keep' | Clash {
  const same = known.find(({ version }) => version === given.version);
  if (same === undefined) return 'add';
  const { code, version } = given;
  if (!same.newest) return { code, problem: `version: ${version} was published, and a newer one after it` };
  // By what it says of its future a version is no other one.
  const { deprecated: _, ...content } = given;
  const { deprecated: __, ...before } = same.given;
  if (!isDeepStrictEqual(content, before)) {
    return {
      code,
      problem: `version: ${version} is published with other content; give this one a version of its own`,
    };
  }
  const unchanged = given.deprecated === same.given.deprecated && same.drainingSince === undefined;
  return unchanged ? 'keep' : 'amend';
}

export interface PublishedAgentsOptions {
  store: PublishedStore;
  catalog: AgentCatalog;
  /** Whether what they need is there. @throws HostError `config`, naming the agent and the field. */
  check?(definitions: readonly AgentDefinition[]): Promise<void>;
  /** Told after the catalog has changed. */
  changed(): Promise<void>;
  /** Told once of what is published and cannot be served. */
  unserved(code: string, problem: string): void;
}

/** The agents that are published at run time, as data, and served by this process like those of its files. */
export class PublishedAgents {
  readonly #options: PublishedAgentsOptions;
  readonly #served = new Map<string, PublishedAgent>();
  /** Those of which it was told that they are not. */
  readonly #unserved = new Set<string>();
  #refreshing: Promise<void> = Promise.resolve();
  /** The next one, which has read nothing yet. */
  #next: Promise<void> | undefined;

  constructor(options: PublishedAgentsOptions) {
    this.#options = options;
  }

  versions(): Promise<AgentVersion[]> {
    return this.#options.store.versions();
  }

  /**
   * Publishes what a value as of an `agents.yaml` declares, all or nothing. This process serves it once this resolves;
   * the others have been told.
   * @throws HostError `config`, naming the agent and the field; `unavailable`.
   */
  async publish(
    value: unknown,
    who: Publisher,
  ): Promise<{ agents: GivenAgent[]; changed: string[] } | Clash> {
    const definitions = agentsIn(value);
    const { agents } = value as { agents: GivenAgent[] };
    const clash = firstOf(definitions, (definition, index) =>
      this.#clashOf(definition, definitions.slice(0, index)),
    );
    if (clash !== undefined) return clash;
    await this.#options.check?.(definitions);
    const done = await this.#options.store.publish(agents, who);
    if ('problem' in done) return done;
    await this.refresh();
    return { agents, changed: done.changed };
  }

  #clashOf(
    { code, plain, cooperating }: AgentDefinition,
    before: readonly AgentDefinition[],
  ): Clash | undefined {
    const deployed = this.#options.catalog.deployed().map(({ definition }) => definition);
    if (deployed.some((each) => each.code === code)) {
      return { code, problem: 'code: is taken by an agent of the deployment’s files' };
    }
    if (before.some((each) => each.code === code)) return { code, problem: 'code: is there twice' };
    const queue = plain?.taskQueue ?? cooperating?.taskQueue;
    if (queue !== undefined && deployed.some(({ taskQueue }) => taskQueue === queue)) {
      return { code, problem: `taskQueue: "${queue}" is polled by this host's own workers` };
    }
    return undefined;
  }

  /** False when none of this code is published. Tasks under way go on; when none is left only ended ones can be read. */
  async unpublish(code: string, who: Publisher): Promise<boolean> {
    const known = await this.#options.store.unpublish(code, who);
    if (known) await this.refresh();
    return known;
  }

  /** Makes the catalog what the record says, as of now or later. @throws HostError `unavailable`. */
  refresh(): Promise<void> {
    // One after the other: what was read first must not be put in place last. Those that wait share one.
    this.#next ??= this.#refreshing
      .catch(() => undefined)
      .then(() => {
        this.#refreshing = this.#next ?? Promise.resolve();
        this.#next = undefined;
        return this.#refresh();
      });
    return this.#next;
  }

  async #refresh(): Promise<void> {
    const { store, catalog, changed } = this.#options;
    const deployed = new Set(catalog.deployed().map(({ definition }) => definition.code));
    const newest = (await store.versions()).filter((version) => version.newest);
    const served = newest.flatMap((version) => {
      if (!deployed.has(version.code)) return this.#agentOf(version) ?? [];
      if (version.unpublishedAt !== undefined) return [];
      this.#tellUnserved(version, 'the deployment’s files have an agent of this code');
      return [];
    });
    const keys = new Set(newest.map(keyOf));
    for (const key of this.#served.keys()) if (!keys.has(key)) this.#served.delete(key);
    for (const key of this.#unserved) if (!keys.has(key)) this.#unserved.delete(key);
    await catalog.replacePublished(served);
    await changed();
  }

  /** The same object for as long as it is the same. */
  #agentOf(version: AgentVersion): PublishedAgent | undefined {
    const key = keyOf(version);
    const known = this.#served.get(key);
    if (known !== undefined) return known;
    try {
      const [definition] = agentsIn({ agents: [version.given] });
      if (definition === undefined) return undefined;
      const agent = { ...publish({ ...definition, ...endOf(version) }), since: version.publishedAt };
      this.#served.set(key, agent);
      return agent;
    } catch (error) {
      // Published by a host that understood more than this one, or minded less.
      if (!(error instanceof HostError)) throw error;
      this.#tellUnserved(version, error.message);
      return undefined;
    }
  }

  #tellUnserved(version: AgentVersion, problem: string): void {
    const key = keyOf(version);
    if (this.#unserved.has(key)) return;
    this.#unserved.add(key);
    this.#options.unserved(version.code, problem);
  }
}

const keyOf = ({ code, version, publishedAt, drainingSince, unpublishedAt }: AgentVersion): string =>
  JSON.stringify([code, version, publishedAt, drainingSince, unpublishedAt]);

const endOf = ({
  drainingSince,
  unpublishedAt,
}: AgentVersion): Pick<AgentDefinition, 'draining' | 'unpublished'> => ({
  ...(drainingSince && { draining: true }),
  ...(unpublishedAt && { unpublished: true }),
});

function firstOf<T, R>(
  values: readonly T[],
  find: (value: T, index: number) => R | undefined,
): R | undefined {
  for (const [index, value] of values.entries()) {
    const found = find(value, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
