import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from '../errors.ts';

export interface GuardedOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** What asks this program to end in good order. */
  readonly signal: 'SIGINT' | 'SIGTERM';
  /** Seconds the program gets for that before SIGKILL. Default 5. */
  readonly graceSeconds?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The OS user to run as; only root may choose. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Each line the program writes, standard output and error alike. */
  readonly onLine?: (line: string) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines it wrote. */
  readonly output: string;
}

export interface GuardedProcess {
  /** Of the program itself, not of its guard. */
  readonly pid: number;
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly exited: Promise<Exit>;
  /** Ends it and returns when it is gone. May be called again, and after it ended by itself. */
  stop(): Promise<void>;
}

// A panic of a Go program with all its goroutines is long, and its reason stands first.
const KEPT_LINES = 500;

/*
 * The shell becomes the program (`exec`), so that the pid is the program's own and its exit reaches the host
 * directly. What stays behind is a guard, forked twice so that the program never sees it as a child of its own.
 * Its standard input is a socket whose other end only the host holds: however the host ends, the guard reads
 * end-of-file, asks the program to end, waits, and then kills the whole process group, itself included. As a
 * member of that group it also keeps the kernel from giving the number away: it never hits a stranger.
 * The group is a session of its own, so a terminal's Ctrl-C reaches the host alone.
 */
const GUARD = `
signal=$1; tenths=$2; shift 2
umask 077
exec 3<&0
( (
  trap '' INT TERM HUP
  PATH=/usr/bin:/bin
  while read -r _; do :; done
  kill -s "$signal" $$
  while [ "$tenths" -gt 0 ] && kill -0 $$; do sleep 0.1; tenths=$((tenths - 1)); done
  kill -s KILL -- -$$
) <&3 3<&- >/dev/null 2>&1 & )
exec "$@" </dev/null 3<&-
`;

/**
 * Starts a program that ends with this process, however this process ends, kill -9 included.
 * @throws HostError `unavailable` when not even a shell can be started.
 */
export function startGuarded(options: GuardedOptions): GuardedProcess {
  const grace = options.graceSeconds ?? 5;
  const guard = [options.signal.slice(3), String(Math.round(grace * 10))];
  const child = spawn('/bin/sh', ['-c', GUARD, 'guard', ...guard, options.command, ...options.args], {
    detached: true,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.user,
  });
  // Writing nothing, we only close it; a guard that went first must not raise an error here.
  child.stdin.on('error', () => {});
  child.on('error', () => {});
  const { pid } = child;
  if (pid === undefined) throw new HostError('unavailable', `cannot start ${options.command}`);

  const exited = exitOf(child, lastLines(child, options.onLine));
  return { pid, signal: options.signal, exited, stop: () => stop(child, pid, { grace, exited }) };
}

/** Keeps the last lines for the error message of an early death. */
function lastLines(child: ChildProcess, onLine: ((line: string) => void) | undefined): string[] {
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((each) => each.trim() !== '')) {
        kept.push(line);
        if (kept.length > KEPT_LINES) kept.shift();
        onLine?.(line);
      }
    });
    stream?.on('end', () => {
      if (rest.trim() !== '') kept.push(rest);
    });
  }
  return kept;
}

async function exitOf(child: ChildProcess, output: readonly string[]): Promise<Exit> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exit = await new Promise<Omit<Exit, 'output'>>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  // Lets the guard go, which takes descendants in the group with it.
  child.stdin?.destroy();
  // Last words may still be in the pipe, but a descendant outside the group may hold it open for long.
  await Promise.race([closed, delay(1_000, undefined, { ref: false })]);
  return { ...exit, output: output.join('\n') };
}

async function stop(
  child: ChildProcess,
  pid: number,
  { grace, exited }: { grace: number; exited: Promise<Exit> },
): Promise<void> {
  // The guard does what it does when the host dies: one way to end, used every day.
  child.stdin?.destroy();
  // Only for the case that somebody killed the guard.
  const insist = setTimeout(
    () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
    },
    (grace + 1) * 1_000,
  );
  await exited;
  clearTimeout(insist);
}
