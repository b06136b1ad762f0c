import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../src/embedded/cache-dir.ts';
import { messageOf } from '../src/errors.ts';

/** The newest that the CLI's own server is of, and so the one that the product is tested with. */
const VERSION = 'v1.32.0';
const MODULE = 'go.temporal.io/server';
const BUILD_MS = 30 * 60_000;

/** Temporal's own programs, as its containers have them. */
export interface TemporalProgram {
  server: string;
  /** Makes and updates the schema. */
  sqlTool: string;
}

/**
 * The Temporal server, built once from its Go modules and kept in the cache.
 * @param progress hears that it is built, which takes minutes.
 * @returns undefined where there is no Go, or it cannot be built; `progress` then hears why.
 */
export async function findTemporalProgram(
  progress: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<TemporalProgram | undefined> {
  const cache = cacheDir(env);
  const dir = join(cache, `temporal-server-${VERSION}`);
  const program = { server: join(dir, 'server'), sqlTool: join(dir, 'sql') };
  if (await isThere(program)) return program;
  const run = promisify(execFile);
  try {
    await run('go', ['version'], { env });
  } catch {
    progress('There is no Go here: Temporal is the embedded one');
    return undefined;
  }
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const built = await mkdtemp(`${dir}-`);
  try {
    progress(`Building the Temporal server ${VERSION} from its Go modules; once, for some minutes`);
    const packages = [`${MODULE}/cmd/server@${VERSION}`, `${MODULE}/cmd/tools/sql@${VERSION}`];
    await run('go', ['install', ...packages], {
      cwd: built,
      env: { ...env, GOBIN: built, GOFLAGS: '' },
      timeout: BUILD_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    // Whole or not at all. Another process may have been quicker, with the same.
    await rename(built, dir).catch(async (error: unknown) => {
      if (!(await isThere(program))) throw error;
    });
    return program;
  } catch (error) {
    const [reason] = messageOf(error).trim().split('\n').slice(-1);
    progress(`The Temporal server cannot be built (${reason}): Temporal is the embedded one`);
    return undefined;
  } finally {
    await rm(built, { recursive: true, force: true });
  }
}

async function isThere({ server, sqlTool }: TemporalProgram): Promise<boolean> {
  try {
    await Promise.all([stat(server), stat(sqlTool)]);
    return true;
  } catch {
    return false;
  }
}
