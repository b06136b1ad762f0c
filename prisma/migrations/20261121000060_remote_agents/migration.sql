-- AlterTable
ALTER TABLE "receipt" ADD COLUMN "secret" TEXT;

-- CreateTable
CREATE TABLE "remote_agent" (
    "agent_id" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "card_url" TEXT NOT NULL,
    "card" JSON NOT NULL,
    "review" JSON NOT NULL,
    "allow_private" BOOLEAN NOT NULL DEFAULT false,
    "signed" BOOLEAN NOT NULL DEFAULT false,
    "published_by" TEXT NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(3),
    "latency_ms" INTEGER,
    "calls" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "remote_agent_pkey" PRIMARY KEY ("agent_id")
);

-- CreateTable
CREATE TABLE "auth_context" (
    "id" UUID NOT NULL,
    "owner" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "auth_model" TEXT NOT NULL,
    "subject" TEXT,
    "sealed" TEXT NOT NULL,
    "token_preview" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "auth_context_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "auth_context_owner_created_at_id_idx" ON "auth_context"("owner", "created_at" DESC, "id" DESC);
