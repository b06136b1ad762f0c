-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "task" (
    "id" UUID NOT NULL,
    "alias" TEXT,
    "agent_code" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "context_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "status_message" JSON,
    "status_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" INTEGER NOT NULL DEFAULT 0,
    "metadata" JSON NOT NULL DEFAULT '{}',
    "run_id" TEXT,
    "sequence" INTEGER NOT NULL DEFAULT 0,
    "past_runs" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_change" (
    "task_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "state" TEXT,
    "status_message" JSON,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "task_change_pkey" PRIMARY KEY ("task_id","version")
);

-- CreateTable
CREATE TABLE "task_message" (
    "id" BIGSERIAL NOT NULL,
    "task_id" UUID NOT NULL,
    "owner" TEXT NOT NULL,
    "agent_code" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "body" JSON NOT NULL,
    "dedupe_key" TEXT,
    "digest" TEXT,
    "version" INTEGER,
    "pending_since" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "task_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_artifact" (
    "task_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "artifact_id" TEXT NOT NULL,
    "body" JSON NOT NULL,

    CONSTRAINT "task_artifact_pkey" PRIMARY KEY ("task_id","version","ordinal")
);

-- CreateIndex
CREATE INDEX "task_owner_agent_code_status_at_id_idx" ON "task"("owner", "agent_code", "status_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "task_owner_context_id_status_at_id_idx" ON "task"("owner", "context_id", "status_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "task_state_created_at_idx" ON "task"("state", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "task_owner_agent_code_alias_key" ON "task"("owner", "agent_code", "alias");

-- CreateIndex
CREATE INDEX "task_message_task_id_id_idx" ON "task_message"("task_id", "id");

-- CreateIndex
CREATE INDEX "task_message_pending_since_idx" ON "task_message"("pending_since");

-- CreateIndex
CREATE UNIQUE INDEX "task_message_owner_agent_code_dedupe_key_key" ON "task_message"("owner", "agent_code", "dedupe_key");

-- AddForeignKey
ALTER TABLE "task_change" ADD CONSTRAINT "task_change_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task_message" ADD CONSTRAINT "task_message_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task_artifact" ADD CONSTRAINT "task_artifact_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

