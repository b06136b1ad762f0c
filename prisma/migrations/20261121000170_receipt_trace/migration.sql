-- The trace of the request that made a call: the same id as in logs and traces.
alter table "receipt" add column "trace_id" text;
