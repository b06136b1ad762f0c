-- Receipts whose bodies are kept, by age: those that are removed some time.
CREATE INDEX "receipt_bodies_idx" ON "receipt"("completed_at") WHERE "request" IS NOT NULL OR "result" IS NOT NULL;
