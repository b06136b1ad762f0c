-- A turn asks for the follow-up under way and for what one change said: neither may look through all turns before it.

-- CreateIndex
CREATE INDEX "task_message_pending_idx" ON "task_message"("task_id") WHERE "pending_since" IS NOT NULL;

-- CreateIndex
CREATE INDEX "task_message_change_idx" ON "task_message"("task_id", "version") WHERE "version" IS NOT NULL;
