-- A crash of Postgres empties this table together with "dpop_proof": proofs issued before it was filled anew may have
-- been used, and are refused.
CREATE UNLOGGED TABLE "dpop_record" (
    "id" BOOLEAN NOT NULL DEFAULT true CHECK ("id"),
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "dpop_record_pkey" PRIMARY KEY ("id")
);

INSERT INTO "dpop_record" ("since") VALUES ('epoch');
