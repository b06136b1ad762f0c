-- AlterTable
ALTER TABLE "remote_agent" ADD COLUMN     "card_changed_at" TIMESTAMPTZ(3),
ADD COLUMN     "card_failing_since" TIMESTAMPTZ(3),
ADD COLUMN     "card_fetched_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "card_problem" TEXT,
ADD COLUMN     "card_tried_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- Until now a card was fetched once.
UPDATE "remote_agent" SET "card_fetched_at" = "published_at", "card_tried_at" = "published_at";

-- CreateIndex
CREATE INDEX "remote_agent_card_tried_at_idx" ON "remote_agent"("card_tried_at");
