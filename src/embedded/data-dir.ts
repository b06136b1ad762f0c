import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError, messageOf } from '../errors.ts';
import { endProcess, isAlive, type ProcessIdentity, startToken } from './process-identity.ts';

/** A data directory that this process alone holds. */
export interface DataDir {
  /** Absolute. */
  readonly path: string;
  /** Puts a child on record, so that the next host finds and ends it, should it outlive this one. */
  remember(child: { readonly pid: number; readonly signal: NodeJS.Signals }): void;
  /** Lets the next host in. The children must be stopped by then. */
  release(): Promise<void>;
}

interface Child extends ProcessIdentity {
  readonly signal: NodeJS.Signals;
}

const CHILDREN = 'children.json';
const GRACE_MS = 5_000;

/**
 * Creates the directory (0700) when missing, takes it for this process, and ends what a killed host left running.
 * @throws HostError `config` when another live host holds it, or it cannot be created or written.
 */
export async function lockDataDir(dir: string): Promise<DataDir> {
  const path = resolve(dir);
  const claim = await asConfigError(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
    return takeClaim(path);
  });
  const children: Child[] = [];
  const release = async () => {
    await rm(join(path, CHILDREN), { force: true });
    await rm(claim, { force: true });
  };
  try {
    await endLeftovers(path);
  } catch (error) {
    await rm(claim, { force: true });
    throw new HostError('config', `DATA_DIR ${path}: a former host's ${messageOf(error)}`, { cause: error });
  }
  const remember: DataDir['remember'] = ({ pid, signal }) => {
    const token = startToken(pid);
    if (token === undefined) return;
    children.push({ pid, token, signal });
    writeChildren(path, children);
  };
  return { path, remember, release };
}

/*
 * Every host claims with a file of its own, named by its pid and start token, and only then looks for others.
 * Of two that come at once at least one sees the other, and a dead host's file can be removed by anyone at any
 * time without a race, since its name is never used again. One shared pid file has neither property.
 */
async function takeClaim(path: string): Promise<string> {
  const self: ProcessIdentity = { pid: process.pid, token: startToken(process.pid) ?? 'unknown' };
  const claim = join(path, claimName(self));
  try {
    await writeFile(claim, 'claiming\n', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw heldBy(path, self.pid);
    throw error;
  }
  try {
    await outlastRivals(path, self);
    await writeFile(claim, HELD);
    return claim;
  } catch (error) {
    await rm(claim, { force: true });
    throw error;
  }
}

const HELD = 'held\n';
const claimName = ({ pid, token }: ProcessIdentity): string => `host-${pid}-${token}.lock`;

/** Returns when no other live host has a claim. Of hosts that start at once the lowest pid stays. */
async function outlastRivals(path: string, self: ProcessIdentity): Promise<void> {
  const giveUpAt = Date.now() + GRACE_MS;
  for (;;) {
    const rivals = await liveRivals(path, self);
    const first = rivals[0];
    if (first === undefined) return;
    const stronger = rivals.find((rival) => rival.held || rival.pid < self.pid);
    if (stronger !== undefined || Date.now() > giveUpAt) throw heldBy(path, (stronger ?? first).pid);
    await delay(10);
  }
}

async function liveRivals(path: string, self: ProcessIdentity) {
  const rivals: { pid: number; held: boolean }[] = [];
  for (const name of await readdir(path)) {
    const match = /^host-(\d+)-(.+)\.lock$/.exec(name);
    if (match === null || name === claimName(self)) continue;
    const owner = { pid: Number(match[1]), token: String(match[2]) };
    if (isAlive(owner)) {
      const state = await readFile(join(path, name), 'utf8').catch(() => '');
      rivals.push({ pid: owner.pid, held: state === HELD });
    } else {
      await rm(join(path, name), { force: true });
    }
  }
  return rivals;
}

const heldBy = (path: string, pid: number): HostError =>
  new HostError(
    'config',
    `DATA_DIR ${path} is in use by another host (pid ${pid}): stop it or set another DATA_DIR`,
    {
      field: 'DATA_DIR',
    },
  );

/** Usually their guards have ended them by now; this waits for that, or does it. */
async function endLeftovers(path: string): Promise<void> {
  await Promise.all(readChildren(path).map((child) => endProcess(child, child.signal, GRACE_MS)));
  await rm(join(path, CHILDREN), { force: true });
}

function readChildren(path: string): Child[] {
  try {
    return JSON.parse(readFileSync(join(path, CHILDREN), 'utf8')) as Child[];
  } catch {
    return [];
  }
}

function writeChildren(path: string, children: readonly Child[]): void {
  const temporary = join(path, `${CHILDREN}.new`);
  writeFileSync(temporary, JSON.stringify(children), { mode: 0o600 });
  renameSync(temporary, join(path, CHILDREN));
}

async function asConfigError<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('config', `DATA_DIR ${path} cannot be used: ${messageOf(error)}`, {
      field: 'DATA_DIR',
      cause: error,
    });
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

function ignoreExisting(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}
