-- CreateIndex
CREATE INDEX "auth_context_expires_at_idx" ON "auth_context"("expires_at");
