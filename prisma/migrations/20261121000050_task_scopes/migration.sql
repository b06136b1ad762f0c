-- AlterTable
ALTER TABLE "task" ADD COLUMN "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[];
