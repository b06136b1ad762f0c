-- An agent that was unpublished stays: its ended tasks are read by it, and its versions are not given twice.
ALTER TABLE "published_agent" ADD COLUMN "unpublished_at" TIMESTAMPTZ(3);
