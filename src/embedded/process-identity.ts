import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly token: string;
}

/**
 * When the process started, as a word that no other process of this pid has. `undefined` when there is no
 * such process, or only a zombie, which holds nothing any more. Synchronous, so that a child is on record
 * before anything else can happen.
 */
export function startToken(pid: number): string | undefined {
  return process.platform === 'linux' ? tokenFromProc(pid) : tokenFromPs(pid);
}

export const isAlive = ({ pid, token }: ProcessIdentity): boolean => startToken(pid) === token;

function tokenFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    if (state === 'Z' || state === 'X') return undefined;
    // The start time counts from boot, so it alone could meet its like after a reboot.
    return `${bootId()}-${fields[19]}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return 'boot';
  }
}

function tokenFromPs(pid: number): string | undefined {
  const line = ps(pid, 'state=,lstart=');
  if (line === undefined || line.startsWith('Z')) return undefined;
  return line
    .replace(/^\S+\s+/, '')
    .trim()
    .replace(/[^A-Za-z0-9]+/g, '-');
}

/** The command line of a running process, or `undefined`. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string | undefined {
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const args = ['-o', columns, '-p', String(pid)];
    const output = execFileSync('ps', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Ends a process that is not our child: asks with `signal`, insists after the grace, returns when it is gone. */
export async function endProcess(
  target: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  send(target, signal);
  const insistAt = Date.now() + graceMs;
  const giveUpAt = insistAt + 5_000;
  let insisted = false;
  while (isAlive(target)) {
    if (!insisted && Date.now() > insistAt) {
      insisted = true;
      send(target, 'SIGKILL');
    }
    if (Date.now() > giveUpAt) throw new Error(`process ${target.pid} does not end`);
    await delay(20);
  }
}

function send(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // It ended in between, or is not ours to end: the caller's wait tells which.
  }
}
