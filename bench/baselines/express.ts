/** Express without the product: a constant as JSON, and one SELECT by primary key. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';
import { serveRequests } from '../child.ts';

export interface ExpressSetup {
  databaseUrl: string;
  /** The rows of the one table, by id. */
  rows: [id: string, body: string][];
  constant: unknown;
}

const TABLE = 'bench_row';

/** The one request: where it listens; or `clear`, which drops the table. */
serveRequests(async ({ databaseUrl, rows, constant }: ExpressSetup) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  await pool.query(`drop table if exists ${TABLE}`);
  await pool.query(`create table ${TABLE} (id uuid primary key, body json not null)`);
  for (const row of rows) await pool.query(`insert into ${TABLE} values ($1, $2)`, row);
  const app = express();
  // As the product's app, so that none does what the other does not.
  app.disable('x-powered-by').disable('etag');
  app.get('/constant', (_req, res) => {
    res.json(constant);
  });
  app.get('/rows/:id', async (req, res) => {
    const { rows: found } = await pool.query(`select body from ${TABLE} where id = $1`, [req.params.id]);
    res.json(found[0].body);
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return async (request: 'url' | 'clear') => {
    if (request === 'clear') await pool.query(`drop table ${TABLE}`);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
});
