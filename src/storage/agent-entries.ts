import type { RegistryEntry } from '../agents/search.ts';
import { lettersOf, spellingsOf } from '../agents/spelling.ts';
import { Prisma } from './generated/client.ts';

export interface EntryChange {
  /** Codes of agents that are no longer there. */
  gone: readonly string[];
  /** Those that are new or other than before. */
  entries: readonly (RegistryEntry & { digest: string })[];
}

/** Changes what searches find, and by what words mistyped ones are put right, in the transaction given. */
export async function changeEntries(
  tx: Prisma.TransactionClient,
  { gone, entries }: EntryChange,
): Promise<void> {
  // Two hosts that start together write one after the other; searches go on meanwhile.
  await tx.$executeRaw`LOCK TABLE agent IN SHARE ROW EXCLUSIVE MODE`;
  const codes = entries.map(({ code }) => code);
  await tx.$executeRaw`
    UPDATE agent_word SET doubtful = TRUE FROM (${openWordsOf([...gone, ...codes])}) before
    WHERE agent_word.word = before.word COLLATE "C" AND NOT doubtful`;
  if (gone.length > 0) await tx.$executeRaw`DELETE FROM agent WHERE code = ANY (${gone}::text[])`;
  if (entries.length > 0) await tx.$executeRaw(upsert(JSON.stringify(entries)));
  await addWords(tx, codes);
}

/** Looks up whether so many doubtful words are any agent's still. @returns how many there were. */
export async function settleWords(tx: Prisma.TransactionClient, most: number): Promise<number> {
  await tx.$executeRaw`LOCK TABLE agent IN SHARE ROW EXCLUSIVE MODE`;
  const doubtful = await tx.$queryRaw<Word[]>`SELECT word FROM agent_word WHERE doubtful LIMIT ${most}::int`;
  const words = doubtful.map(({ word }) => word);
  if (words.length === 0) return 0;
  await tx.$executeRaw(removeUnused(words));
  await tx.$executeRaw`UPDATE agent_word SET doubtful = FALSE WHERE word = ANY (${words}::text[])`;
  return words.length;
}

interface Word {
  word: string;
}

const upsert = (entries: string): Prisma.Sql => Prisma.sql`
  INSERT INTO agent (code, name, description, version, sort_name, provider, skills, tags, capabilities,
                     limited, callers, scopes, digest, words, name_words)
  SELECT code, name, description, version, "sortName", provider, skills, tags, capabilities,
         limited, callers, scopes, digest,
         ${weighted('name', 'A')} || ${weighted('description', 'B')} ||
         ${weighted('skills', 'C')} || ${weighted('tags', 'D')},
         ${weighted('name', 'A')}
  FROM jsonb_to_recordset(${entries}::jsonb) AS entry(
    code text, name text, description text, version text, "sortName" text, provider text,
    skills text[], tags text[], capabilities text[], limited boolean, callers text[],
    scopes text[], digest text, words jsonb)
  ON CONFLICT (code) DO UPDATE SET
    name = excluded.name, description = excluded.description, version = excluded.version,
    sort_name = excluded.sort_name, provider = excluded.provider, skills = excluded.skills,
    tags = excluded.tags, capabilities = excluded.capabilities, limited = excluded.limited,
    callers = excluded.callers, scopes = excluded.scopes, digest = excluded.digest,
    words = excluded.words, name_words = excluded.name_words
  WHERE agent.digest <> excluded.digest`;

// Each word as it is, for prefixes and spelling, and as its stem, for its other forms.
const weighted = (field: string, weight: 'A' | 'B' | 'C' | 'D'): Prisma.Sql => {
  const text = Prisma.raw(`words->>'${field}'`);
  return Prisma.sql`
  setweight(to_tsvector('simple', ${text}) || to_tsvector('english', ${text}), ${Prisma.raw(`'${weight}'`)})`;
};

// Not those of limited agents: by how a query is corrected anybody could find out their words.
const openWordsOf = (codes: readonly string[]): Prisma.Sql => Prisma.sql`
  SELECT DISTINCT lexeme AS word FROM agent, unnest(words) WHERE code = ANY (${codes}::text[]) AND NOT limited`;

async function addWords(tx: Prisma.TransactionClient, codes: readonly string[]): Promise<void> {
  const unknown = await tx.$queryRaw<Word[]>`
    SELECT word FROM (${openWordsOf(codes)}) present
    WHERE NOT EXISTS (SELECT FROM agent_word known WHERE known.word = present.word COLLATE "C")`;
  if (unknown.length === 0) return;
  const rows = unknown.map(({ word }) => ({
    word,
    letters: lettersOf(word),
    spellings: spellingsOf(word),
  }));
  await tx.$executeRaw`
    INSERT INTO agent_word (word, letters, spellings)
    SELECT word, letters, spellings
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row(word text, letters text, spellings int[])
    ON CONFLICT DO NOTHING`;
}

// Lexemes are letters and digits only; the quotes keep it so for whatever comes after.
const removeUnused = (words: readonly string[]): Prisma.Sql => Prisma.sql`
  DELETE FROM agent_word
  WHERE word = ANY (${words}::text[])
    AND NOT EXISTS (SELECT FROM agent WHERE agent.words @@ quote_literal(agent_word.word)::tsquery AND NOT limited)`;
