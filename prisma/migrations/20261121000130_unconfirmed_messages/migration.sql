-- AlterTable
ALTER TABLE "task_message" ADD COLUMN "unconfirmed_since" TIMESTAMPTZ(3);

-- What waited for its workflow goes on waiting.
UPDATE "task_message" SET "unconfirmed_since" = "pending_since" WHERE "pending_since" IS NOT NULL;

-- CreateIndex
CREATE INDEX "task_message_unconfirmed_since_idx" ON "task_message"("unconfirmed_since");

-- CreateIndex
CREATE INDEX "task_message_task_id_message_id_idx" ON "task_message"("task_id", "message_id");
