import { ALL_SEEING_SCOPE } from '../agents/access.ts';
import { type AgentQuery, type FoundAgent, folded, type SearchTerm } from '../agents/search.ts';
import { lettersOf, spellingsOf } from '../agents/spelling.ts';
import { fold } from '../agents/words.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';

export interface Found {
  total: number;
  agents: FoundAgent[];
}

/** Among more agents than these it takes all the words to tell some apart. */
const FEW = 1_000;
/** Of those that match equally many words so many are ranked by where; the rest is by name. */
const RANKED = 500;
/** Agents that are looked at for each word when none has nearly all. */
const A_WORD = 2_000;
/** Of more terms than these "all but one" is not asked for. */
const MOST_BUT_ONE = 8;

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

/** Without words: by name. */
export const listing = (query: AgentQuery): Prisma.Sql => Prisma.sql`
  SELECT ${countOf(query)}::int AS total, coalesce(jsonb_agg(to_jsonb(page)), '[]') AS agents
  FROM (SELECT code, name, description, version FROM agent WHERE ${filters(query)}
        ORDER BY sort_name, code OFFSET ${query.skip}::bigint LIMIT ${query.top}) page`;

// Of those that everyone may see no row is read when there are no filters, only the index.
const countOf = (query: AgentQuery): Prisma.Sql =>
  query.viewer?.scopes.has(ALL_SEEING_SCOPE)
    ? Prisma.sql`(SELECT count(*) FROM agent WHERE ${filters(query)})`
    : Prisma.sql`((SELECT count(*) FROM agent WHERE NOT limited AND ${filters({ ...query, viewer: ALL_SEEING })})
                + (SELECT count(*) FROM agent WHERE limited AND ${filters(query)}))`;

const ALL_SEEING = { id: '', scopes: new Set([ALL_SEEING_SCOPE]) };

/** What a query in words asks for, as tsqueries. */
export interface Wanted {
  terms: WantedTerm[];
  /** Any of the terms. */
  some: string;
  /** All of them. */
  all: string;
  /** All that anything published has; undefined when there are none or that is all. */
  allKnown?: string | undefined;
  /** All of those but one. */
  allButOne?: string | undefined;
  /** Whether more words could be taken for misspelt. */
  mayBeMisspelt: boolean;
  /** Whether the registry is so large that those with some of the words are too many. */
  crowded: boolean;
}

interface WantedTerm {
  /** Whatever matches, wherever it is. */
  near: string;
  /** The word itself and its other forms, no beginning and no correction. */
  exact: string;
  inName: string;
  inDescription: string;
  inSkills: string;
}

interface Meaning {
  word: string;
  stem: string;
  /** Whether it is, or its stem is, a word of an agent that everyone may see; whether such a word begins with either. */
  whole: boolean;
  begun: boolean;
  /** With their stems. */
  corrections: string[];
  crowded: boolean;
}

/**
 * What the terms mean. Words that nothing published has are taken for those that they may be misspellings of:
 * unless something begins with them, or even then.
 */
export async function wantedOf(
  db: PrismaClient,
  terms: readonly SearchTerm[],
  misspelt: 'unless begun' | 'even if begun',
): Promise<Wanted> {
  const asked = terms.map(({ word, slips }, place) => ({ place, word, slips, forms: formsOf(word) }));
  const meanings = await db.$queryRaw<Meaning[]>(meaningsOf(JSON.stringify(asked), misspelt));
  const wanted = meanings.map(wantedTerm);
  const near = wanted.map((term) => term.near);
  const known = near.filter((_, index) => isKnown(meanings[index] as Meaning));
  return {
    terms: wanted,
    some: anyOf(near),
    all: allOf(near),
    allKnown: known.length > 0 && known.length < near.length ? allOf(known) : undefined,
    allButOne: known.length > 2 && known.length <= MOST_BUT_ONE ? allButOneOf(known) : undefined,
    mayBeMisspelt: misspelt === 'unless begun' && meanings.some(({ begun }) => begun),
    crowded: meanings.some(({ crowded }) => crowded),
  };
}

const isKnown = ({ begun, corrections }: Meaning): boolean => begun || corrections.length > 0;

// Among few agents a word stands for all that it begins, among many only when there is no such word.
function wantedTerm({ word, stem, whole, corrections, crowded }: Meaning): WantedTerm {
  const own = word.startsWith(stem) ? [stem] : [word, stem];
  const matchedIn = (weights: string) => {
    const begun = (lexeme: string) => beginning(lexeme, weights);
    const itself = (lexeme: string) => quoted(lexeme, weights);
    return anyOf([
      ...(crowded && whole ? [word, stem].map(itself) : own.map(begun)),
      ...corrections.map(crowded ? itself : begun),
    ]);
  };
  return {
    near: matchedIn(''),
    exact: anyOf([word, stem].map((lexeme) => quoted(lexeme, ''))),
    inName: matchedIn('A'),
    inDescription: matchedIn('B'),
    inSkills: matchedIn('C'),
  };
}

// A misspelt word has no stem that could be trusted.
const formsOf = (word: string) =>
  [...new Set([word, ...ENDINGS.map((ending) => word.replace(ending, ''))])].map((form) => ({
    form,
    letters: lettersOf(form),
    spellings: spellingsOf(form),
  }));

const ENDINGS = [/s$/, /es$/, /ed$/, /ing$/];

const allButOneOf = (queries: readonly string[]): string =>
  anyOf(queries.map((_, index) => allOf(queries.toSpliced(index, 1))));
const anyOf = (queries: readonly string[]): string => `(${[...new Set(queries)].join(' | ')})`;
const allOf = (queries: readonly string[]): string => `(${[...new Set(queries)].join(' & ')})`;

// Terms and lexemes are letters and digits only; the quotes keep it so for whatever comes after.
const quoted = (lexeme: string, weights: string): string =>
  `'${lexeme.replace(/['\\]/g, '$&$&')}'${weights && `:${weights}`}`;
// A single letter begins too much.
const beginning = (lexeme: string, weights: string): string =>
  quoted(lexeme, lexeme.length > 1 ? `*${weights}` : weights);

const meaningsOf = (asked: string, misspelt: 'unless begun' | 'even if begun'): Prisma.Sql => Prisma.sql`
  SELECT word, stem, whole, begun, (SELECT count(*) > ${FEW}::int FROM (SELECT FROM agent LIMIT ${FEW}::int + 1) few) AS crowded,
         CASE WHEN begun AND ${misspelt === 'unless begun'}::boolean OR slips = 0 THEN '{}'
              ELSE ${corrections} END AS corrections
  FROM (
    SELECT *, EXISTS (SELECT FROM agent_word known WHERE known.word IN (stemmed.word, stemmed.stem)) AS whole,
           ${someWordBegins('word')} OR ${someWordBegins('stem')} AS begun
    FROM (
      SELECT *, coalesce((ts_lexize('english_stem', word))[1], word) AS stem
      FROM jsonb_to_recordset(${asked}::jsonb) AS asked(place int, word text, slips int, forms jsonb)
    ) stemmed
    OFFSET 0 -- once a term
  ) term
  ORDER BY place`;

const someWordBegins = (prefix: 'word' | 'stem'): Prisma.Sql => {
  const start = Prisma.raw(`stemmed.${prefix}`);
  return Prisma.sql`EXISTS (SELECT FROM agent_word known
    WHERE known.word >= ${start} COLLATE "C" AND known.word < (${start} || chr(1114111)) COLLATE "C")`;
};

// The closest of the likely words, up to 20. Two letters swapped are one slip, not two. Few mistype the first letter.
const corrections = Prisma.sql`
  coalesce((SELECT array_agg(lexeme) FROM (
    SELECT spelling FROM (
      SELECT spelling, slips_made, min(slips_made) OVER () AS fewest
      FROM (
        SELECT likely.word AS spelling,
               CASE WHEN distance = 2 AND likely.letters = asked.letters THEN 1 ELSE distance END AS slips_made
        FROM jsonb_to_recordset(term.forms) AS asked(form text, letters text, spellings int[])
             JOIN agent_word likely ON likely.spellings && asked.spellings AND NOT likely.doubtful,
             levenshtein_less_equal(likely.word, asked.form, 2) AS distance
      ) measured
      WHERE slips_made BETWEEN 1 AND term.slips
    ) possible
    WHERE slips_made = fewest
    ORDER BY left(spelling, 1) = left(term.word, 1) DESC, spelling
    LIMIT 20
  ) closest, unnest(ARRAY[spelling] || ts_lexize('english_stem', spelling)) lexeme), '{}')`;

/**
 * Those that match what is attempted, ranked. hit: all of them; ranked: those of them that are scored; scored: how many
 * terms each matches, and how well.
 */
export const ranking = (query: AgentQuery, { terms }: Wanted, attempt: string): Prisma.Sql => Prisma.sql`
  WITH asked AS MATERIALIZED (SELECT ${attempt}::tsquery AS words),
  hit AS MATERIALIZED (
    SELECT hit.* FROM asked, LATERAL (${hits('asked.words', query)}) hit
  ), in_name AS MATERIALIZED (
    SELECT code FROM asked JOIN agent ON agent.name_words @@ asked.words
    WHERE (SELECT count(*) FROM hit) > ${RANKED}::int AND ${filters(query)}
  ), ranked AS MATERIALIZED (
    (SELECT code FROM in_name LIMIT ${RANKED}::int) UNION (SELECT code FROM hit LIMIT ${RANKED}::int)
  ), ${pageOf(query, terms)}`;

/** Those that match some of the terms, where no agent matches nearly all: first those that match the most. */
export const mostCommon = (query: AgentQuery, wanted: Wanted): Prisma.Sql => Prisma.sql`
  WITH hit AS MATERIALIZED (
    SELECT hit.* FROM (SELECT ${wanted.some}::tsquery AS words) asked, LATERAL (${hits('asked.words', query)}) hit
  ), part AS MATERIALIZED (
    SELECT part.code FROM unnest(${wanted.terms.map(({ near }) => near)}::text[]) AS term(near),
         LATERAL (SELECT code FROM (${hits('term.near::tsquery', query)} OFFSET 0) one LIMIT ${A_WORD}::int) part
  ), ranked AS MATERIALIZED (
    SELECT code FROM part GROUP BY code ORDER BY count(*) DESC LIMIT ${RANKED}::int
  ), ${pageOf(query, wanted.terms)}`;

const hits = (words: string, query: AgentQuery): Prisma.Sql => Prisma.sql`
  SELECT agent.code, agent.sort_name FROM agent WHERE agent.words @@ ${Prisma.raw(words)} AND ${filters(query)}`;

// The words of an agent are kept outside its row: they are fetched once, by being put together with none.
const pageOf = ({ skip, top }: AgentQuery, terms: readonly WantedTerm[]): Prisma.Sql => Prisma.sql`
  term AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(${JSON.stringify(terms)}::jsonb)
      AS asked(near tsquery, exact tsquery, "inName" tsquery, "inDescription" tsquery, "inSkills" tsquery)
  ), scored AS MATERIALIZED (
    SELECT code, count(*) AS matched,
           sum(CASE WHEN words @@ "inName" THEN 8 WHEN words @@ "inDescription" THEN 4
                    WHEN words @@ "inSkills" THEN 2 ELSE 1 END
               + CASE WHEN words @@ exact THEN 0.5 ELSE 0 END) AS score
    FROM (SELECT code, agent.words || '' AS words FROM ranked JOIN agent USING (code) OFFSET 0) whole
         JOIN term ON words @@ near
    GROUP BY code
  ), page AS (
    SELECT hit.code, row_number() OVER () AS place
    FROM (SELECT hit.code FROM hit LEFT JOIN scored USING (code)
          ORDER BY matched DESC NULLS LAST, score DESC NULLS LAST, sort_name, code
          OFFSET ${skip}::bigint LIMIT ${top}) hit
  )
  SELECT (SELECT count(*)::int FROM hit) AS total,
         coalesce((SELECT jsonb_agg(jsonb_build_object('code', code, 'name', name, 'description', description,
                                                       'version', version) ORDER BY place)
                   FROM page JOIN agent USING (code)), '[]') AS agents`;
