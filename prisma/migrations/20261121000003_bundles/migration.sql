-- CreateTable
CREATE TABLE "workflow_bundle" (
    "build_id" TEXT NOT NULL,
    "code" BYTEA NOT NULL,
    "task_queues" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workflow_bundle_pkey" PRIMARY KEY ("build_id")
);
