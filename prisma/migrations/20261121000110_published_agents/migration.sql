-- CreateTable
CREATE TABLE "published_agent" (
    "serial" BIGSERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "given" JSON NOT NULL,
    "draining_since" TIMESTAMPTZ(3),
    "published_by" TEXT NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "published_agent_pkey" PRIMARY KEY ("serial")
);

-- CreateIndex
CREATE UNIQUE INDEX "published_agent_code_version_key" ON "published_agent"("code", "version");
