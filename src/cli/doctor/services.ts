import type { Config } from '../../config.ts';
import { type Check, DEADLINE_MS, inTime, note, ok, reasonOf, wrong } from './check.ts';

/** The Postgres of DATABASE_URL, by a query. */
export async function checkDatabase(url: string | undefined): Promise<Check> {
  if (url === undefined) return note('database', 'embedded Postgres, started with the host');
  try {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: DEADLINE_MS });
    // A connection lost after it was made is told by the query too.
    client.on('error', () => {});
    try {
      await inTime(client.connect());
      const { rows } = await inTime(client.query<{ server_version: string }>('show server_version'));
      return ok('database', `DATABASE_URL answers: Postgres ${rows[0]?.server_version}`);
    } finally {
      void client.end().catch(() => {});
    }
  } catch (error) {
    const detail = `DATABASE_URL cannot be used: ${reasonOf(error)}`;
    return wrong('database', detail, 'Start that Postgres or correct DATABASE_URL; unset, one is embedded.');
  }
}

/** The Temporal of TEMPORAL_ADDRESS, by asking for its namespace; without one, the program for an embedded one. */
export async function checkTemporal(config: Config): Promise<Check> {
  if (config.TEMPORAL_ADDRESS === undefined) return checkTemporalCli(config.TEMPORAL_CLI);
  try {
    return ok('Temporal', await inTime(askTemporal(config, config.TEMPORAL_ADDRESS)));
  } catch (error) {
    const hint =
      'Start that Temporal or correct the TEMPORAL_… settings; without an address one is embedded.';
    return wrong('Temporal', reasonOf(error), hint);
  }
}

async function askTemporal(config: Config, address: string): Promise<string> {
  const { connectTemporal } = await import('../../temporal/connection.ts');
  const connection = await connectTemporal(config, address);
  try {
    const namespace = config.TEMPORAL_NAMESPACE;
    await connection.workflowService.describeNamespace({ namespace });
    return `TEMPORAL_ADDRESS ${address} answers and has the namespace ${namespace}`;
  } finally {
    await connection.close();
  }
}

class WouldDownload extends Error {}

async function checkTemporalCli(cli: string | undefined): Promise<Check> {
  try {
    const { findTemporalCli } = await import('../../temporal/cli-binary.ts');
    // The search tells of a download before it begins one; a doctor only looks.
    const progress = (): never => {
      throw new WouldDownload();
    };
    const found = await findTemporalCli({ ...(cli === undefined ? {} : { cli }), progress });
    return note('Temporal', `embedded, by ${found}, started with the host`);
  } catch (error) {
    if (error instanceof WouldDownload) {
      const hint = 'Where there is no network, install it first or set TEMPORAL_CLI.';
      return note('Temporal', 'embedded; its CLI will be downloaded at the first start', hint);
    }
    return wrong('Temporal', reasonOf(error), 'Correct TEMPORAL_CLI, or set TEMPORAL_ADDRESS.');
  }
}
