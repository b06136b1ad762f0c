-- Lists of tasks across agents, newest first, and how long tasks waited for their first change.
ALTER TABLE "task" ADD COLUMN "begun_at" TIMESTAMPTZ(3);
CREATE INDEX "task_created_at_id_idx" ON "task"("created_at" DESC, "id" DESC);
