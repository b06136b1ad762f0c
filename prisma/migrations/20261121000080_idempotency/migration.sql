-- CreateTable
CREATE TABLE "idempotency_key" (
    "caller" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "receipt_id" UUID,
    "held_until" TIMESTAMPTZ(3),
    "status" INTEGER,
    "headers" JSON,
    "body" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("caller","route","key")
);

-- CreateIndex
CREATE INDEX "idempotency_key_expires_at_idx" ON "idempotency_key"("expires_at");
