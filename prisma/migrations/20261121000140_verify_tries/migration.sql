-- How often the verifier could not check a receipt, and put it off.
ALTER TABLE "receipt" ADD COLUMN "verify_tries" INTEGER NOT NULL DEFAULT 0;
