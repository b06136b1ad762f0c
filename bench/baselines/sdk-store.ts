import type { TaskStore } from '@a2a-js/sdk/server';
import { DatabaseTaskStore } from '@a2a-js/sdk/server/database';
import { Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';

const TABLE = 'bench_sdk_task';

/** The table as the SDK's migrations make it. */
export async function createTable(pool: Pool): Promise<void> {
  await pool.query(`drop table if exists ${TABLE}`);
  await pool.query(`create table ${TABLE} (
    tenant text not null, owner text not null, id text not null, context_id text not null,
    status_last_updated bigint not null, status_state text, status text, artifacts text, history text,
    metadata text, protocol_version text, primary key (tenant, owner, id))`);
}

export const dropTable = (pool: Pool): Promise<unknown> => pool.query(`drop table ${TABLE}`);

/** The SDK's own store, on the given pool. */
export const openTaskStore = (pool: Pool): TaskStore =>
  new DatabaseTaskStore(new Kysely({ dialect: new PostgresDialect({ pool }) }), { tableName: TABLE });
