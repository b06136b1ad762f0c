-- What the work of a key came to, written in the work's own transaction; null while it is not done.
ALTER TABLE "idempotency_key" ADD COLUMN "done" JSON;
