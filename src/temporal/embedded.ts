import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { DataDir } from '../embedded/data-dir.ts';
import { freePort } from '../embedded/free-port.ts';
import { type Exit, type GuardedProcess, startGuarded } from '../embedded/guarded-process.ts';
import { HostError, messageOf } from '../errors.ts';
import { type CliSearch, findTemporalCli } from './cli-binary.ts';

export interface EmbeddedTemporal {
  /** `host:port` of its gRPC service. */
  readonly address: string;
  /** Of the server process. */
  readonly pid: number;
  /** Settles when the server ends, asked or not; then says why. */
  readonly exited: Promise<string>;
  stop(): Promise<void>;
}

export interface EmbeddedTemporalOptions extends CliSearch {
  readonly dataDir: DataDir;
  /** Created when missing. */
  readonly namespace: string;
}

const ATTEMPTS = 3;
const START_MS = 30_000;

/**
 * Starts the official Temporal CLI's server on `DATA_DIR/temporal.db` and a free port of 127.0.0.1; returns when its
 * services answer for the namespace. It ends with this process, however that ends; workflows survive all of it.
 * @throws HostError `config` when no CLI can be had, `unavailable` when it does not start; nothing is left running.
 */
export async function startEmbeddedTemporal(options: EmbeddedTemporalOptions): Promise<EmbeddedTemporal> {
  const cli = await findTemporalCli(options);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = launch(cli, port, options);
    options.dataDir.remember(server);
    const address = `127.0.0.1:${port}`;
    const failure = await becomeReady(server, address, options.namespace);
    if (failure === undefined) {
      const exited = server.exited.then(reasonOf);
      return { address, pid: server.pid, exited, stop: () => server.stop() };
    }
    await server.stop();
    // It chooses ports for its services and opens them a moment later. When somebody takes one in between it dies, not
    // always with a word about ports.
    if (attempt < ATTEMPTS && failure.crashed) continue;
    throw new HostError('unavailable', `The embedded Temporal did not start: ${failure.reason}`);
  }
}

/**
 * It has one shard, whose queues it looks at 20 times a second at most: each step from a workflow to another, or to its
 * worker, waits for up to 50 ms. Servers with hundreds of shards have hundreds of times that.
 */
const QUICK_QUEUES = ['transfer', 'timer'].map((queue) => `history.${queue}ProcessorMaxPollRPS=200`);

function launch(cli: string, port: number, { dataDir, namespace }: EmbeddedTemporalOptions): GuardedProcess {
  const { PATH, HOME } = process.env;
  return startGuarded({
    command: cli,
    args: [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)],
      ...['--db-filename', join(dataDir.path, 'temporal.db'), '--sqlite-pragma', 'synchronous=1'],
      ...['--namespace', namespace, '--log-level', 'error'],
      ...QUICK_QUEUES.flatMap((setting) => ['--dynamic-config-value', setting]),
    ],
    signal: 'SIGTERM',
    // TEMPORAL_* in the operator's shell is meant for clients, and the CLI would read it.
    env: { PATH, HOME },
  });
}

interface Failure {
  readonly reason: string;
  /** It ended by itself, and nobody's signal made it. */
  readonly crashed: boolean;
}

/** Waits until a server answers for the namespace. @returns what went wrong, or `undefined`. */
export async function becomeReady(
  server: GuardedProcess,
  address: string,
  namespace: string,
): Promise<Failure | undefined> {
  const given = new AbortController();
  const died = server.exited.then((exit) => ({ reason: reasonOf(exit), crashed: exit.signal === null }));
  const silent = answers(address, namespace, given.signal).then((reason) =>
    reason === undefined ? undefined : { reason, crashed: false },
  );
  try {
    return await Promise.race([died, silent]);
  } finally {
    given.abort();
  }
}

/** Asks until it answers. The port first: a gRPC channel that failed once waits a second before it tries again. */
async function answers(address: string, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  const deadline = Date.now() + START_MS;
  let problem: string | undefined = 'it does not listen';
  while (!(await listens(address))) {
    if (signal.aborted || Date.now() > deadline) return problem;
    await delay(25);
  }
  const connection = Connection.lazy({ address, interceptors: [] });
  try {
    for (;;) {
      problem = await probe(connection, namespace);
      if (problem === undefined || signal.aborted || Date.now() > deadline) return problem;
      await delay(25);
    }
  } finally {
    await connection.close();
  }
}

function listens(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: String(host), port: Number(port) });
    const settle = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

const NOT_FOUND = 5;

/** The namespace is there, and the history service, asked for a workflow that does not exist, says just that. */
async function probe(connection: Connection, namespace: string): Promise<string | undefined> {
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      await connection.workflowService
        .describeWorkflowExecution({ namespace, execution: { workflowId: 'agent-host/readiness' } })
        .catch((error: { code?: number }) => {
          if (error.code !== NOT_FOUND) throw error;
        });
    });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Why a server ended, in one line. */
export function reasonOf({ code, signal, output }: Exit): string {
  const lines = output.trim().split('\n');
  // A panic says why in its first line, and where in all that follow.
  const line =
    lines.find((each) => each.startsWith('panic:')) ??
    lines.findLast((each) => /error|fatal/i.test(each)) ??
    lines.at(-1);
  return line?.trim() || `it ended with ${signal ?? code}`;
}
