import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from './config.ts';
import { type DataDir, lockDataDir } from './embedded/data-dir.ts';
import { HostError } from './errors.ts';
import { startEmbeddedPostgres } from './storage/embedded-postgres.ts';
import { type BundledCode, type BundleRequest, bundleWorkflows } from './temporal/bundle.ts';
import { findTemporalCli } from './temporal/cli-binary.ts';
import { startEmbeddedTemporal } from './temporal/embedded.ts';
import type { Undo } from './undo.ts';

const ownFile = (path: string): string =>
  fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url));
// The sandbox bundles them beside the authors' workflows.
const OWN_WORKFLOWS = [
  './temporal/system-workflows',
  './directory/workflow',
  './assistant/workflow',
  './plain/workflow',
].map(ownFile);

/** The servers the host stands on: the configured ones, and embedded ones for the rest. */
export interface Ground {
  databaseUrl: string;
  temporalAddress: string;
  /** Rejects when an embedded server ends by itself. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

interface Embedded {
  exited: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Takes DATA_DIR for this process, when a server is to be embedded; undefined when both are given.
 * @throws HostError `config`; nothing is started.
 */
export async function claimDataDir(config: Config): Promise<DataDir | undefined> {
  const { DATABASE_URL, TEMPORAL_ADDRESS, TEMPORAL_CLI } = config;
  if (DATABASE_URL !== undefined && TEMPORAL_ADDRESS !== undefined) return undefined;
  if (config.ROLE !== 'all') {
    const missing = DATABASE_URL === undefined ? 'DATABASE_URL' : 'TEMPORAL_ADDRESS';
    const problem = `${missing}: must be given with ROLE=${config.ROLE}: the processes of a deployment share their servers`;
    throw new HostError('config', problem, { field: missing });
  }
  // Before anything is made: a setting that names no program is to leave no trace.
  if (TEMPORAL_ADDRESS === undefined && TEMPORAL_CLI !== undefined)
    await findTemporalCli({ cli: TEMPORAL_CLI });
  return lockDataDir(config.DATA_DIR);
}

/**
 * Starts what is not configured, on DATA_DIR.
 * @throws HostError `config`, `unavailable`; nothing is left running.
 */
async function prepareGround(
  config: Config,
  dataDir: DataDir | undefined,
  progress: (line: string) => void,
): Promise<Ground> {
  const { DATABASE_URL, TEMPORAL_ADDRESS } = config;
  if (dataDir === undefined) {
    if (DATABASE_URL === undefined || TEMPORAL_ADDRESS === undefined) throw new Error('nothing to embed on');
    return {
      databaseUrl: DATABASE_URL,
      temporalAddress: TEMPORAL_ADDRESS,
      failed: new Promise(() => {}),
      stop: async () => {},
    };
  }
  const running: Embedded[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
  };
  const note = <T extends Embedded>(server: T): T => {
    running.push(server);
    return server;
  };
  const [postgres, temporal] = await Promise.allSettled([
    DATABASE_URL === undefined ? startEmbeddedPostgres({ dataDir }).then(note) : { url: DATABASE_URL },
    TEMPORAL_ADDRESS === undefined
      ? startEmbeddedTemporal({
          dataDir,
          namespace: config.TEMPORAL_NAMESPACE,
          ...(config.TEMPORAL_CLI === undefined ? {} : { cli: config.TEMPORAL_CLI }),
          progress,
        }).then(note)
      : { address: TEMPORAL_ADDRESS },
  ]);
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    await stop();
    throw postgres.status === 'rejected' ? postgres.reason : (temporal as PromiseRejectedResult).reason;
  }
  return {
    databaseUrl: postgres.value.url,
    temporalAddress: temporal.value.address,
    failed: anyExit(running),
    stop,
  };
}

function anyExit(servers: Embedded[]): Promise<never> {
  const failed = Promise.race(servers.map(({ exited }) => exited)).then((why) => {
    throw new HostError('unavailable', `An embedded server ended: ${why}`);
  });
  // Whoever waits for it hears of it; an orderly stop, for which nobody waits, is no unhandled rejection.
  failed.catch(() => {});
  return failed;
}

/** The slow things of a start, at once: the servers, and the code of the workflows. */
export async function groundAndBundle(
  config: Config,
  { dataDir, ...code }: BundleRequest & { dataDir: DataDir | undefined },
  { undo, progress }: { undo: Undo; progress(line: string): void },
): Promise<[Ground, BundledCode]> {
  const [ground, bundle] = await Promise.allSettled([
    prepareGround(config, dataDir, progress),
    bundleWorkflows({ ...code, workflowFiles: [...code.workflowFiles, ...OWN_WORKFLOWS] }),
  ]);
  if (ground.status === 'fulfilled') undo.add(() => ground.value.stop());
  if (ground.status === 'rejected') throw ground.reason;
  if (bundle.status === 'rejected') throw bundle.reason;
  return [ground.value, bundle.value];
}
