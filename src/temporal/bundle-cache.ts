import { createHash } from 'node:crypto';
import {
  access,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { cacheDir } from '../embedded/cache-dir.ts';
import type { BundledCode, BundleRequest } from './bundle.ts';

/** What decided on a bundle: the files that are in it, and the places where a file would have been taken instead. */
export interface Ingredients {
  readonly files: readonly string[];
  readonly absent: readonly string[];
}

const KEPT = 32;
const { version: bundler } = createRequire(import.meta.url)('@temporalio/worker/package.json') as {
  version: string;
};

const ownFile = (path: string): string =>
  fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url));

/** What every bundle holds beside its workflows. */
export const INTERCEPTORS: string[] = [ownFile('./trace-workflow')];
export const PAYLOADS: string = ownFile('../workflow-kit/payloads');

/** What is written whole, and whose gzip tells damage. */
interface Kept extends BundledCode {
  /** SHA-256 by path. */
  files: Record<string, string>;
  absent: string[];
}

/**
 * The bundle these files made before, when each file that went into it is byte for byte the same and none has come to
 * stand in the way of one. Whatever is wrong with what was kept, it is not used.
 */
export async function keptBundle(request: BundleRequest): Promise<BundledCode | undefined> {
  const path = pathOf(request);
  try {
    const text = await promisify(gunzip)(await readFile(path));
    const { code, buildId, files, absent } = JSON.parse(text.toString()) as Kept;
    const same = Object.entries(files).map(async ([file, hash]) => (await hashOf(file)) === hash);
    const stillAbsent = absent.map(async (file) => !(await exists(file)));
    if ((await Promise.all([...same, ...stillAbsent])).includes(false)) return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return { code, buildId };
  } catch {
    return undefined;
  }
}

/**
 * Keeps a bundle for the next start. Nothing is kept when a file changed since `begun` (milliseconds since 1970), for
 * then nobody knows which of its versions the bundle has, nor where the folder cannot be written.
 */
export async function keepBundle(
  request: BundleRequest,
  { code, buildId }: BundledCode,
  { files, absent, begun }: Ingredients & { begun: number },
): Promise<void> {
  const path = pathOf(request);
  try {
    const hashes = await Promise.all(files.map((file) => hashUnlessChanged(file, begun)));
    const kept: Kept = { code, buildId, files: Object.fromEntries(hashes.flat()), absent: [...absent] };
    await mkdir(folder(), { recursive: true });
    const own = await mkdtemp(`${path}.`);
    await writeFile(join(own, 'bundle'), await promisify(gzip)(JSON.stringify(kept)), { mode: 0o600 });
    await rename(join(own, 'bundle'), path);
    await rm(own, { recursive: true });
    await forgetOldest();
  } catch {
    // The next start bundles anew, as this one did.
  }
}

const folder = (): string => join(cacheDir(process.env), 'bundles');

function pathOf({ workflowFiles, converters = {} }: BundleRequest): string {
  const made = [bundler, INTERCEPTORS, PAYLOADS, workflowFiles, converters];
  const key = createHash('sha256').update(JSON.stringify(made));
  return join(folder(), `${key.digest('hex').slice(0, 32)}.gz`);
}

/** @returns nothing for a folder, whose files are watched one by one. */
async function hashUnlessChanged(file: string, begun: number): Promise<[string, string][]> {
  const stats = await stat(file);
  if (stats.isDirectory()) return [];
  // A second for file systems that tell time by the second.
  if (stats.mtimeMs > begun - 1_000) throw new Error(`${file} changed meanwhile`);
  return [[file, await hashOf(file)]];
}

const hashOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function forgetOldest(): Promise<void> {
  const paths = (await readdir(folder())).map((name) => join(folder(), name));
  const aged = await Promise.all(paths.map(async (path) => ({ path, time: (await stat(path)).mtimeMs })));
  const old = aged.sort((a, b) => b.time - a.time).slice(KEPT);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}
