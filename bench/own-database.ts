import { resolve } from 'node:path';
import pg from 'pg';
import { migrate } from '../src/storage/migrate.ts';

/** A database of its own on the same server, migrated, gone afterwards. */
export async function withOwnDatabase<T>(databaseUrl: string, use: (url: string) => Promise<T>): Promise<T> {
  const name = `bench_${process.pid}_${Date.now()}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  await statement(databaseUrl, `create database ${name}`);
  try {
    await migrate(url.href, resolve(import.meta.dirname, '../prisma'));
    return await use(url.href);
  } finally {
    await statement(databaseUrl, `drop database ${name} with (force)`);
  }
}

async function statement(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
