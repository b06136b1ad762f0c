-- Whose the tasks and contexts at agents elsewhere are, which know but one caller: whoever's call was first given them.
CREATE TABLE "foreign_name" (
  "agent_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "caller" TEXT NOT NULL,
  "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT "foreign_name_pkey" PRIMARY KEY ("agent_id", "kind", "name")
);
CREATE INDEX "foreign_name_used_at_idx" ON "foreign_name"("used_at");
INSERT INTO "foreign_name" ("agent_id", "kind", "name", "caller", "used_at")
SELECT DISTINCT ON (r.agent_id, k.kind, k.name) r.agent_id, k.kind, k.name, r.caller, r.started_at
FROM "receipt" r
JOIN "remote_agent" a ON a.agent_id = r.agent_id
CROSS JOIN LATERAL (VALUES ('task', r.task_id), ('context', r.context_id)) AS k(kind, name)
WHERE k.name IS NOT NULL
ORDER BY r.agent_id, k.kind, k.name, r.started_at;
