import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startToken } from '../embedded/process-identity.ts';
import { DATABASE } from './embedded-postgres.ts';

/** Where the embedded Postgres of a data directory listens, when a host runs it; undefined when none does. */
export async function runningPostgresUrl(dataDir: string): Promise<string | undefined> {
  const path = resolve(dataDir);
  const [pidFile, password] = await Promise.all([
    readFile(join(path, 'postgres', 'postmaster.pid'), 'utf8').catch(() => ''),
    readFile(join(path, 'postgres.password'), 'utf8').catch(() => ''),
  ]);
  // Postgres writes, a line each: pid, directory, start, port, socket directory, address, memory, state.
  const [pid, , , port, , , , state] = pidFile.split('\n');
  const runs = startToken(Number.parseInt(pid ?? '', 10)) !== undefined && state?.trim() === 'ready';
  if (!runs || password === '') return undefined;
  return `postgresql://postgres:${password.trim()}@127.0.0.1:${port}/${DATABASE}`;
}
