import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { readConfig } from '../config.ts';
import { HostError, messageOf } from '../errors.ts';
import { CliError, EXIT, type ExitCode } from './failure.ts';

export interface RunningHost {
  url: string;
  /** Rejects when something the host cannot do without ends by itself. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

export interface ServeOptions {
  env: Record<string, string | undefined>;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
  /** Where SIGTERM and SIGINT arrive. */
  signals: Pick<NodeJS.EventEmitter, 'on' | 'off'>;
  /** Ends the process at once. */
  exit(code: number): void;
  startHost(config: Config, io: { progress(line: string): void }): Promise<RunningHost>;
}

/**
 * Runs the host until it is told to stop or fails. Prints one line on standard output, when it is ready.
 * @throws HostError `config`; CliError when it cannot start or ends by itself.
 */
export async function serve(options: ServeOptions): Promise<ExitCode> {
  const config = readConfig(options.env);
  const stop = stopSignal(options);
  // A worker whose servers are all away has nothing open between two tries: by itself it would end there.
  const staying = setInterval(() => {}, A_DAY_MS);
  try {
    return await run(config, options, stop);
  } finally {
    clearInterval(staying);
    stop.release();
  }
}

async function run(config: Config, options: ServeOptions, stop: StopSignal): Promise<ExitCode> {
  const progress = (line: string) => void options.stderr.write(`${line}\n`);
  const starting = options.startHost(config, { progress }).catch(cannotStart);
  const host = await orStop(starting, stop, options);
  if (!stop.asked) options.stdout.write(`ready ${config.ROLE === 'worker' ? 'worker' : host.url}\n`);
  const failure = await Promise.race([stop.wanted, host.failed.catch((error: unknown) => ({ error }))]);
  await host.stop();
  if (failure === undefined) return EXIT.ok;
  throw new CliError(`The host ended: ${messageOf(failure.error)}`, {
    hint: 'Start it again: its tasks go on.',
    cause: failure.error,
  });
}

const A_DAY_MS = 86_400_000;
const START_GRACE_MS = 8_000;

/** A start cannot be broken off in its middle; one that is told to stop is given a moment to get to its end. */
async function orStop<T>(starting: Promise<T>, stop: StopSignal, { exit }: ServeOptions): Promise<T> {
  const deadline = new AbortController();
  void stop.wanted
    .then(() => delay(START_GRACE_MS, undefined, { signal: deadline.signal }))
    .then(() => exit(EXIT.failed))
    .catch(() => {});
  return starting.finally(() => deadline.abort());
}

function cannotStart(error: unknown): never {
  if (error instanceof HostError && error.code === 'config') throw error;
  throw new CliError(`The host cannot start: ${messageOf(error)}`, {
    hint: 'The command `doctor` says what is configured and what can be reached.',
    cause: error,
  });
}

interface StopSignal {
  readonly wanted: Promise<undefined>;
  readonly asked: boolean;
  release(): void;
}

/** The first signal asks for an orderly stop; the second one gets an immediate one. */
function stopSignal({ env, signals, exit }: ServeOptions): StopSignal {
  let asked = false;
  let resolve: (value: undefined) => void = () => {};
  const wanted = new Promise<undefined>((done) => {
    resolve = done;
  });
  const onSignal = () => {
    if (asked) exit(EXIT.failed);
    asked = true;
    resolve(undefined);
  };
  signals.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  const orphaned = watchParent(env, onSignal);
  return {
    wanted,
    get asked() {
      return asked;
    },
    release: () => {
      clearInterval(orphaned);
      signals.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    },
  };
}

const PARENT_EVERY_MS = 1_000;

/** npm ends at once when it is told to and tells nobody: under `npm start` its end asks for ours. */
function watchParent(env: ServeOptions['env'], onEnd: () => void): NodeJS.Timeout | undefined {
  if (env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onEnd();
  }, PARENT_EVERY_MS);
  return timer.unref();
}
