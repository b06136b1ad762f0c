import { ALL_SEEING_SCOPE } from '../agents/access.ts';
import type { PublishedAgent } from '../agents/catalog.ts';
import {
  type AgentQuery,
  type AgentRegistry,
  type FoundAgent,
  folded,
  registryEntry,
  searchTerms,
} from '../agents/search.ts';
import { fold } from '../agents/words.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';

interface Found {
  total: number;
  agents: FoundAgent[];
}

/** The registry in Postgres: full-text search over words and stems, spelling by trigrams and edit distance. */
export class PrismaAgentRegistry implements AgentRegistry {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async sync(agents: readonly PublishedAgent[]): Promise<void> {
    const entries = JSON.stringify(agents.map(registryEntry));
    await reachable(() =>
      this.#prisma.$transaction([
        // Two hosts that start together write one after the other; searches go on meanwhile.
        this.#prisma.$executeRaw`LOCK TABLE agent IN SHARE ROW EXCLUSIVE MODE`,
        this.#prisma.$executeRaw(removeOthers(entries)),
        this.#prisma.$executeRaw(upsert(entries)),
        this.#prisma.$executeRaw`DELETE FROM agent_word`,
        this.#prisma.$executeRaw(collectWords),
      ]),
    );
  }

  async search(query: AgentQuery): Promise<Found> {
    const blank = (query.query ?? '').trim() === '';
    const statement = blank ? listing(query) : ranking(query);
    const rows = await reachable(() => this.#prisma.$queryRaw<Found[]>(statement));
    return rows[0] ?? { total: 0, agents: [] };
  }
}

const removeOthers = (entries: string): Prisma.Sql => Prisma.sql`
  DELETE FROM agent WHERE code NOT IN (SELECT entry->>'code' FROM jsonb_array_elements(${entries}::jsonb) entry)`;

const upsert = (entries: string): Prisma.Sql => Prisma.sql`
  INSERT INTO agent (code, name, description, version, sort_name, provider, skills, tags, capabilities,
                     definition, limited, callers, scopes, words)
  SELECT code, name, description, version, "sortName", provider, skills, tags, capabilities, definition,
         limited, callers, scopes,
         ${weighted('name', 'A')} || ${weighted('description', 'B')} ||
         ${weighted('skills', 'C')} || ${weighted('tags', 'D')}
  FROM jsonb_to_recordset(${entries}::jsonb) AS entry(
    code text, name text, description text, version text, "sortName" text, provider text,
    skills text[], tags text[], capabilities text[], definition jsonb, limited boolean, callers text[],
    scopes text[], words jsonb)
  ON CONFLICT (code) DO UPDATE SET
    name = excluded.name, description = excluded.description, version = excluded.version,
    sort_name = excluded.sort_name, provider = excluded.provider, skills = excluded.skills,
    tags = excluded.tags, capabilities = excluded.capabilities, definition = excluded.definition,
    limited = excluded.limited, callers = excluded.callers, scopes = excluded.scopes,
    words = excluded.words`;

// Each word as it is, for prefixes and spelling, and as its stem, for its other forms.
const weighted = (field: string, weight: 'A' | 'B' | 'C' | 'D'): Prisma.Sql => {
  const text = Prisma.raw(`words->>'${field}'`);
  return Prisma.sql`
  setweight(to_tsvector('simple', ${text}) || to_tsvector('english', ${text}), ${Prisma.raw(`'${weight}'`)})`;
};

const lettersOf = (word: string): Prisma.Sql => Prisma.sql`
  (SELECT string_agg(letter, '' ORDER BY letter COLLATE "C")
   FROM unnest(string_to_array(${Prisma.raw(word)}, NULL)) letter)`;

// Not those of limited agents: by how a query is corrected anybody could find out their words.
const collectWords = Prisma.sql`
  INSERT INTO agent_word (word, letters)
  SELECT word, ${lettersOf('word')}
  FROM (SELECT DISTINCT lexeme AS word FROM agent, unnest(words) WHERE NOT limited) lexemes`;

function visible(viewer: AgentQuery['viewer']): Prisma.Sql | undefined {
  if (viewer?.scopes.has(ALL_SEEING_SCOPE)) return undefined;
  if (viewer === undefined) return Prisma.sql`NOT agent.limited`;
  return Prisma.sql`(NOT agent.limited OR ${viewer.id} = ANY (agent.callers)
                     OR agent.scopes && ${[...viewer.scopes]}::text[])`;
}

function filters({ skills, tags, provider, capabilities, viewer }: AgentQuery): Prisma.Sql {
  const conditions = [
    visible(viewer),
    skills?.length ? Prisma.sql`agent.skills @> ${folded(skills)}::text[]` : undefined,
    tags?.length ? Prisma.sql`agent.tags @> ${folded(tags)}::text[]` : undefined,
    capabilities?.length ? Prisma.sql`agent.capabilities @> ${folded(capabilities)}::text[]` : undefined,
    provider ? Prisma.sql`agent.provider = ${fold(provider)}` : undefined,
  ].filter((condition) => condition !== undefined);
  return conditions.length > 0 ? Prisma.join(conditions, ' AND ') : Prisma.sql`TRUE`;
}

const listing = (query: AgentQuery): Prisma.Sql => Prisma.sql`
  SELECT (SELECT count(*)::int FROM agent WHERE ${filters(query)}) AS total,
         coalesce(jsonb_agg(to_jsonb(page)), '[]') AS agents
  FROM (SELECT code, name, description, version FROM agent WHERE ${filters(query)}
        ORDER BY sort_name, code OFFSET ${query.skip}::bigint LIMIT ${query.top}) page`;

/**
 * term: what is asked, with its stem. meant: the words of the registry it stands for, corrected only when the
 * registry has no word that begins so. hit: how many terms an agent matches, and how well.
 */
function ranking(query: AgentQuery): Prisma.Sql {
  const terms = searchTerms(query.query ?? '');
  return Prisma.sql`
    WITH term AS MATERIALIZED (
      SELECT word, slips, coalesce((ts_lexize('english_stem', word))[1], word) AS stem
      FROM unnest(${terms.map(({ word }) => word)}::text[], ${terms.map(({ slips }) => slips)}::int[])
           AS asked(word, slips)
    ), meant AS MATERIALIZED (
      SELECT word, stem,
             CASE WHEN ${someWordBegins('term.word')} OR ${someWordBegins('term.stem')}
                  THEN ARRAY[word, stem] ELSE ARRAY[word, stem] || ${corrections} END AS lexemes
      FROM term
    ), wanted AS MATERIALIZED (
      SELECT ${tsquery('ARRAY[word, stem]', '')} AS exact,
             ${tsquery('lexemes', ':*')} AS near,
             ${tsquery('lexemes', ':*A')} AS in_name,
             ${tsquery('lexemes', ':*B')} AS in_description,
             ${tsquery('lexemes', ':*C')} AS in_skills
      FROM meant
    ), scored AS (
      SELECT agent.code, agent.sort_name,
             CASE WHEN words @@ in_name THEN 8 WHEN words @@ in_description THEN 4
                  WHEN words @@ in_skills THEN 2 ELSE 1 END
             + CASE WHEN words @@ exact THEN 0.5 ELSE 0 END AS score
      FROM wanted JOIN agent ON words @@ near
      WHERE ${filters(query)}
      OFFSET 0 -- scores first, so that grouping does not carry the words along
    ), hit AS MATERIALIZED (
      SELECT code, sort_name, count(*) AS matched, sum(score) AS score FROM scored GROUP BY code, sort_name
    ), page AS (
      SELECT * FROM hit ORDER BY matched DESC, score DESC, sort_name, code
      OFFSET ${query.skip}::bigint LIMIT ${query.top}
    )
    SELECT (SELECT count(*)::int FROM hit) AS total,
           coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name, 'description', description,
                                                 'version', version)
                              ORDER BY matched DESC, score DESC, page.sort_name, code), '[]') AS agents
    FROM page JOIN agent USING (code)`;
}

const someWordBegins = (prefix: string): Prisma.Sql => {
  const start = Prisma.raw(prefix);
  return Prisma.sql`EXISTS (SELECT FROM agent_word known
    WHERE known.word >= ${start} COLLATE "C" AND known.word < (${start} || chr(1114111)) COLLATE "C")`;
};

// Terms and lexemes are letters and digits only; the quotes keep it so for whatever comes after.
const tsquery = (lexemes: string, suffix: string): Prisma.Sql => Prisma.sql`
  (SELECT string_agg(DISTINCT quote_literal(lexeme) || ${suffix}, '|')
   FROM unnest(${Prisma.raw(lexemes)}) lexeme)::tsquery`;

// The closest of the likely words. Two letters swapped are one slip, not two.
const corrections = Prisma.sql`
  (SELECT array_agg(spelling) FROM (
    SELECT spelling, slips_made, min(slips_made) OVER () AS fewest
    FROM (
      SELECT spelling,
             CASE WHEN distance = 2 AND letters = ${lettersOf('term.word')} THEN 1 ELSE distance END AS slips_made
      FROM (
        (SELECT word AS spelling, letters FROM agent_word ORDER BY agent_word.word <-> term.word LIMIT 30)
        UNION
        (SELECT word, letters FROM agent_word WHERE letters = ${lettersOf('term.word')} LIMIT 30)
      ) likely, levenshtein_less_equal(spelling, term.word, 2) AS distance
    ) measured
    WHERE slips_made <= term.slips
  ) possible WHERE slips_made = fewest)`;
