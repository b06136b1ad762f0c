-- A step of a workflow that was undone after its report, and did more when it was done again, reports under the same
-- number: it is told from a repetition by what it knew and by what it says.
ALTER TABLE "task" ADD COLUMN "history_length" INTEGER;

ALTER TABLE "task_change" ADD COLUMN "report" TEXT;
