-- What holds for a minute or two is not worth a wait for the disk. A crash of Postgres forgets it.
ALTER TABLE "dpop_proof" SET UNLOGGED;

ALTER TABLE "rate_limit" SET UNLOGGED;

ALTER TABLE "stream_slot" SET UNLOGGED;
