import { createHash } from 'node:crypto';
import type { Viewer } from './access.ts';
import { capabilitiesOf, cardUrl, PROVIDER_ORGANIZATION } from './cards.ts';
import type { PublishedAgent } from './catalog.ts';
import { slipsIn } from './spelling.ts';
import { contentWords, fold, isStopWord, words } from './words.ts';

/** What a search asks for. Each filter given must hold; of a list, every entry. */
export interface AgentQuery {
  /** Plain words or a question; blank finds every agent. */
  query?: string | undefined;
  skip: number;
  top: number;
  /** Ids or names of skills. */
  skills?: string[] | undefined;
  tags?: string[] | undefined;
  /** The organization that the card names. */
  provider?: string | undefined;
  /** Names of the card's capabilities, such as `streaming`. */
  capabilities?: string[] | undefined;
  /** Who asks; only what everyone may see when absent. */
  viewer?: Viewer | undefined;
}

export interface FoundAgent {
  code: string;
  name: string;
  description: string;
  version: string;
}

/** A found agent as clients are given it: `id` is the workflow code. */
export interface AgentResource {
  id: string;
  name: string;
  description: string;
  version: string;
  location: { type: 'agent_card'; url: string };
}

export const agentResource = (
  { code, name, description, version }: FoundAgent,
  publicUrl: string,
): AgentResource => ({
  id: code,
  name,
  description,
  version,
  location: { type: 'agent_card', url: cardUrl(publicUrl, code) },
});

/** The registry of published agents that all hosts share. */
export interface AgentRegistry {
  /**
   * Makes the registry hold these agents and no others, by writing what is another than before. Searches see a change
   * of up to 200 agents as one, a larger one part by part.
   * @throws HostError `unavailable` when the record cannot be reached; the next call then does what is left.
   */
  sync(agents: readonly PublishedAgent[]): Promise<void>;
  /**
   * One page of the agents that match and that the viewer may see, and how many match in all. Ranked by how many of the words an agent
   * matches, then by where: name and code, description, skills, tags. A word matches its own forms, the
   * words it begins and, when nothing published has it, the words it may be a misspelling of. Without words: by name.
   *
   * In a registry of up to 1,000 agents one word makes a match. In a larger one it takes all of them: as they are typed, else with
   * further ones taken for misspelt, else without those that nobody has, else without any one of them, else one
   * again. There a word that somebody has does not match those that it begins; of more than 500 that match equally
   * those are first that have the words in their names, and the last of them are by name.
   * @throws HostError `unavailable` when the record cannot be reached.
   */
  search(query: AgentQuery): Promise<{ total: number; agents: FoundAgent[] }>;
}

/** An agent as the registry keeps it: lists are folded, `words` go by weight from name to tags. */
export interface RegistryEntry extends FoundAgent {
  sortName: string;
  /** Whether only some may see it: those of these ids, and those with one of these scopes. */
  limited: boolean;
  callers: string[];
  scopes: string[];
  provider: string;
  skills: string[];
  tags: string[];
  capabilities: string[];
  words: { name: string; description: string; skills: string; tags: string };
}

export function registryEntry(agent: PublishedAgent): RegistryEntry {
  const { code, name, description, version, skills, access } = agent.definition;
  const tags = skills.flatMap((skill) => skill.tags);
  return {
    code,
    name,
    description,
    version,
    sortName: fold(name),
    limited: access !== undefined,
    callers: access?.callers ?? [],
    scopes: access?.scopes ?? [],
    provider: fold(PROVIDER_ORGANIZATION),
    skills: folded(skills.flatMap((skill) => [skill.id, skill.name])),
    tags: folded(tags),
    capabilities: folded(
      Object.entries(capabilitiesOf(agent))
        .filter(([, offered]) => offered)
        .map(([capability]) => capability),
    ),
    words: {
      // A name may be made of words that carry no meaning elsewhere.
      name: words(`${name} ${code}`).join(' '),
      description: contentWords(description).join(' '),
      skills: contentWords(
        skills
          .flatMap((skill) => [skill.id, skill.name, skill.description, ...(skill.examples ?? [])])
          .join(' '),
      ).join(' '),
      tags: contentWords(tags.join(' ')).join(' '),
    },
  };
}

/** As filters compare: without case, accents and repetitions. */
export const folded = (values: readonly string[]): string[] => [...new Set(values.map(fold))];

// Another number when the same entry is to be written in another way.
const WRITTEN_AS = 1;

/** Equal for entries that the registry keeps alike. */
export const entryDigest = (entry: RegistryEntry): string =>
  createHash('sha256')
    .update(JSON.stringify([WRITTEN_AS, entry]))
    .digest('base64url')
    .slice(0, 22);

export interface SearchTerm {
  word: string;
  /** How many letters may be wrong when the word is unknown. */
  slips: number;
}

const MOST_TERMS = 32;

/** What a query is about: its words but those without meaning, unless it has no others; the first 32. */
export function searchTerms(query: string): SearchTerm[] {
  const all = words(query);
  const meaningful = all.filter((word) => !isStopWord(word));
  const asked = meaningful.length > 0 ? meaningful : all;
  return asked.slice(0, MOST_TERMS).map((word) => ({ word, slips: isStopWord(word) ? 0 : slipsIn(word) }));
}
