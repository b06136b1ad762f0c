-- CreateTable
CREATE TABLE "push_config" (
    "task_id" UUID NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "key" UUID NOT NULL,
    "url" TEXT NOT NULL,
    "secrets" TEXT,
    "shape" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'live',
    "delivered" INTEGER NOT NULL,
    "bodies" INTEGER NOT NULL DEFAULT 0,
    "told_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3),
    "problem" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "push_config_pkey" PRIMARY KEY ("task_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "push_config_key_key" ON "push_config"("key");

-- CreateIndex
CREATE INDEX "push_config_state_task_id_idx" ON "push_config"("state", "task_id");

-- CreateIndex
CREATE INDEX "push_config_state_due_at_idx" ON "push_config"("state", "due_at");

-- AddForeignKey
ALTER TABLE "push_config" ADD CONSTRAINT "push_config_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;
