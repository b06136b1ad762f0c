-- AlterTable
ALTER TABLE "task" ADD COLUMN     "shown" BOOLEAN NOT NULL DEFAULT true;
