-- The tasks that a caller, or an agent, has open: few of very many.
CREATE INDEX "task_open_owner_idx" ON "task"("owner") WHERE "state" IN ('submitted', 'working', 'input-required', 'auth-required');

CREATE INDEX "task_open_agent_code_idx" ON "task"("agent_code") WHERE "state" IN ('submitted', 'working', 'input-required', 'auth-required');

-- CreateTable
CREATE TABLE "stream_slot" (
    "id" UUID NOT NULL,
    "process" UUID NOT NULL,
    "owner" TEXT NOT NULL,
    "agent_code" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stream_slot_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "stream_slot_owner_idx" ON "stream_slot"("owner");

-- CreateIndex
CREATE INDEX "stream_slot_agent_code_idx" ON "stream_slot"("agent_code");

-- CreateIndex
CREATE INDEX "stream_slot_process_idx" ON "stream_slot"("process");

-- CreateIndex
CREATE INDEX "stream_slot_expires_at_idx" ON "stream_slot"("expires_at");
