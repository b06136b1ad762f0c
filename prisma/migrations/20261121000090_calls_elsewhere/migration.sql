-- AlterTable
ALTER TABLE "receipt" ADD COLUMN "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN "sent_at" TIMESTAMPTZ(3);
