-- Agents are written anew only when their digest differs: the empty one of the rows there are makes the next start write
-- them, and searches find them meanwhile. Nothing reads the definition.
ALTER TABLE "agent" DROP COLUMN "definition",
ADD COLUMN "digest" TEXT NOT NULL DEFAULT '',
ADD COLUMN "name_words" tsvector NOT NULL DEFAULT '';

-- CreateIndex
CREATE INDEX "agent_name_words_idx" ON "agent" USING GIN ("name_words") WITH (fastupdate = off);

-- CreateIndex
CREATE INDEX "agent_limited_idx" ON "agent"("limited");

-- Searches must not read a list of what is not in the index yet.
ALTER INDEX "agent_words_idx" SET (fastupdate = off);

-- Corrections are looked up by what is left of a word without one or two of its letters.
DROP INDEX "agent_word_word_idx";
DROP INDEX "agent_word_letters_idx";
DELETE FROM "agent_word";
ALTER TABLE "agent_word" ADD COLUMN "spellings" INTEGER[] NOT NULL DEFAULT '{}';

-- CreateIndex
CREATE INDEX "agent_word_spellings_idx" ON "agent_word" USING GIN ("spellings") WITH (fastupdate = off);
