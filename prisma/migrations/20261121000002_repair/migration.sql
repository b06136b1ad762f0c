-- AlterTable
ALTER TABLE "task" ADD COLUMN     "problem" TEXT;

-- CreateTable
CREATE TABLE "sweep_mark" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "sweep_mark_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "task_problem_idx" ON "task"("problem");
