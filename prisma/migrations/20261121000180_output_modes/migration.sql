-- The media types that a task's caller takes by the invoke facade; null while it has named none.
ALTER TABLE "task" ADD COLUMN "output_modes" TEXT[];
