-- Both are trusted extensions: the owner of the database may create them without being superuser.
CREATE EXTENSION IF NOT EXISTS "pg_trgm";
CREATE EXTENSION IF NOT EXISTS "fuzzystrmatch";

-- CreateTable
CREATE TABLE "agent" (
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "sort_name" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "skills" TEXT[],
    "tags" TEXT[],
    "capabilities" TEXT[],
    "definition" JSONB NOT NULL,
    "words" tsvector NOT NULL,

    CONSTRAINT "agent_pkey" PRIMARY KEY ("code")
);

-- CreateTable
-- Words are compared as bytes, so that the words with a prefix are one range of the primary key
-- whatever the database's own collation.
CREATE TABLE "agent_word" (
    "word" TEXT COLLATE "C" NOT NULL,
    "letters" TEXT NOT NULL,

    CONSTRAINT "agent_word_pkey" PRIMARY KEY ("word")
);

-- CreateIndex
CREATE INDEX "agent_sort_name_code_idx" ON "agent"("sort_name", "code");

-- CreateIndex
CREATE INDEX "agent_provider_idx" ON "agent"("provider");

-- CreateIndex
CREATE INDEX "agent_skills_idx" ON "agent" USING GIN ("skills");

-- CreateIndex
CREATE INDEX "agent_tags_idx" ON "agent" USING GIN ("tags");

-- CreateIndex
CREATE INDEX "agent_words_idx" ON "agent" USING GIN ("words");

-- CreateIndex
CREATE INDEX "agent_word_letters_idx" ON "agent_word"("letters");

-- CreateIndex
CREATE INDEX "agent_word_word_idx" ON "agent_word" USING GIST ("word" gist_trgm_ops);
