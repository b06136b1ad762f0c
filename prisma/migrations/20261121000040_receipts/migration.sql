-- CreateTable
CREATE TABLE "provider" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "url" TEXT,
    "blocked_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "provider_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_block" (
    "agent_id" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agent_block_pkey" PRIMARY KEY ("agent_id")
);

-- CreateTable
CREATE TABLE "switch_change" (
    "id" BIGSERIAL NOT NULL,
    "subject" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "change" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "switch_change_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "receipt" (
    "id" UUID NOT NULL,
    "agent_id" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "caller" TEXT NOT NULL,
    "invoke_mode" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "verification" TEXT NOT NULL,
    "request_digest" TEXT NOT NULL,
    "result_digest" TEXT,
    "cost_units" INTEGER NOT NULL,
    "policy" JSON NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "completed_at" TIMESTAMPTZ(3),
    "task_id" TEXT,
    "context_id" TEXT,
    "sequence" BIGINT,
    "previous_id" UUID,
    "previous_hash" TEXT,
    "signature" TEXT,
    "message_id" TEXT NOT NULL,
    "request" JSON,
    "result" JSON,
    "verify_after" TIMESTAMPTZ(3),

    CONSTRAINT "receipt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "receipt_chain" (
    "provider_id" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL DEFAULT 0,
    "receipt_id" UUID,
    "hash" TEXT,
    "cut_sequence" BIGINT,
    "cut_receipt_id" UUID,
    "cut_hash" TEXT,

    CONSTRAINT "receipt_chain_pkey" PRIMARY KEY ("provider_id")
);

-- CreateTable
CREATE TABLE "receipt_verdict" (
    "id" BIGSERIAL NOT NULL,
    "receipt_id" UUID NOT NULL,
    "verification" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "receipt_verdict_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "receipt_checkpoint" (
    "id" BIGSERIAL NOT NULL,
    "provider_id" TEXT NOT NULL,
    "checkpoint" JSON NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "receipt_checkpoint_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "switch_change_subject_subject_id_id_idx" ON "switch_change"("subject", "subject_id", "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_started_at_id_idx" ON "receipt"("started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_caller_started_at_id_idx" ON "receipt"("caller", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_agent_id_started_at_id_idx" ON "receipt"("agent_id", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_provider_id_started_at_id_idx" ON "receipt"("provider_id", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_status_started_at_id_idx" ON "receipt"("status", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_verification_started_at_id_idx" ON "receipt"("verification", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_invoke_mode_started_at_id_idx" ON "receipt"("invoke_mode", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_agent_id_task_id_started_at_idx" ON "receipt"("agent_id", "task_id", "started_at");

-- CreateIndex
CREATE INDEX "receipt_verify_after_idx" ON "receipt"("verify_after");

-- CreateIndex
CREATE UNIQUE INDEX "receipt_provider_id_sequence_key" ON "receipt"("provider_id", "sequence");

-- CreateIndex
CREATE INDEX "receipt_verdict_receipt_id_id_idx" ON "receipt_verdict"("receipt_id", "id" DESC);

-- CreateIndex
CREATE INDEX "receipt_checkpoint_provider_id_id_idx" ON "receipt_checkpoint"("provider_id", "id" DESC);

-- AddForeignKey
ALTER TABLE "receipt_verdict" ADD CONSTRAINT "receipt_verdict_receipt_id_fkey" FOREIGN KEY ("receipt_id") REFERENCES "receipt"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- The host's own agents.
INSERT INTO "provider" ("id", "name") VALUES ('local', 'This host');
