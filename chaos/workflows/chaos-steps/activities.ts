import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';

export interface Effect {
  /** Of the call it is for. */
  key: string;
  step: string;
  workflowId: string;
  stepMs: number;
}

// The driver gives no deadline of its own, and a stopped server none at all.
const pool = new Pool({
  connectionString: process.env.DATABASE_URL ?? '',
  max: 4,
  connectionTimeoutMillis: 5_000,
  query_timeout: 5_000,
});
pool.on('error', () => {});

/** Takes a while, then leaves its trace and counts it, once, however often it is tried. */
export async function effect({ key, step, workflowId, stepMs }: Effect): Promise<void> {
  await delay(stepMs);
  await pool.query(
    `WITH trace AS (
       INSERT INTO chaos.trace (key, step, workflow_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING key
     )
     INSERT INTO chaos.counter (key, total) SELECT key, 1 FROM trace
     ON CONFLICT (key) DO UPDATE SET total = counter.total + 1`,
    [key, step, workflowId],
  );
}
