-- A word of an agent that is gone or another may be no other agent's: it corrects nothing until that is known.
ALTER TABLE "agent_word" ADD COLUMN "doubtful" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "agent_word_doubtful_idx" ON "agent_word"("doubtful");
