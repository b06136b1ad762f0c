import { execFile } from 'node:child_process';
import { chmod, chown, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { HostError } from '../errors.ts';

const run = promisify(execFile);

/** The OS user that Postgres runs as. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ADVICE = 'run the host as an ordinary user, move it, or set DATABASE_URL to a Postgres of your own';

/**
 * Postgres refuses to run as root, so for root it runs as the user `postgres`, created when missing.
 * @returns `undefined` when this process is not root: Postgres then runs as the same user.
 * @throws HostError `config` when there is no such user and none can be created.
 */
export async function postgresOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  const flags = ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false'];
  // Another host may create it at the same moment; what counts is whether it is there afterwards.
  await run('useradd', [...flags, 'postgres']).catch(() => {});
  const created = await lookUp();
  if (created !== undefined) return created;
  throw new HostError(
    'config',
    `Postgres does not run as root, and the OS user "postgres" could not be created: create it, ${ADVICE}`,
  );
}

async function lookUp(): Promise<Owner | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * Makes sure that the owner reaches the data directory and the programs. The data directory itself is opened
 * for the owner's group to pass through; nothing above it is changed.
 * @throws HostError `config` that names the directory which bars the way.
 */
export async function ensureReachable(owner: Owner, dataDir: string, program: string): Promise<void> {
  const { mode, uid } = await stat(dataDir);
  if ((await barrier(owner, [dataDir])) !== undefined) {
    await chown(dataDir, uid, owner.gid);
    await chmod(dataDir, (mode & 0o777) | 0o010);
  }
  const barred = await barrier(owner, [...ancestors(dataDir), ...ancestors(program)]);
  if (barred === undefined) return;
  throw new HostError(
    'config',
    `Running as root, Postgres runs as the OS user "postgres", which may not enter ${barred}: ` +
      `allow that (chmod o+x ${barred}), ${ADVICE}`,
  );
}

/** From the root down, the path itself included. */
function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestors(parent), path];
}

/** The first of these paths that the owner may not enter (or run); asked of the kernel, which knows of ACLs too. */
async function barrier(owner: Owner, paths: readonly string[]): Promise<string | undefined> {
  const script = 'for path; do [ -x "$path" ] || { printf %s "$path"; exit; }; done';
  const { stdout } = await run('/bin/sh', ['-c', script, 'barrier', ...paths], { ...owner, cwd: '/' });
  return stdout === '' ? undefined : stdout;
}
