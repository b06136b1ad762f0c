import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDir } from '../src/embedded/data-dir.ts';
import { HostError } from '../src/errors.ts';
import { type EmbeddedTemporal, startEmbeddedTemporal } from '../src/temporal/embedded.ts';
import { SERVER_FILE, startTemporalOnPostgres } from './temporal-on-postgres.ts';
import { findTemporalProgram } from './temporal-program.ts';

export interface ClusterTemporal extends EmbeddedTemporal {
  kind: 'on Postgres' | 'embedded';
}

export interface ClusterTemporalOptions {
  dataDir: DataDir;
  postgresUrl: string;
  /** Wanted whether or not there is another. */
  embedded: boolean;
  progress(line: string): void;
}

const NAMESPACE = 'default';

/**
 * The Temporal server on Postgres, built where there is Go, else the embedded one. What has begun on one stays on it: its
 * workflows are there.
 * @throws HostError `config` when this directory's is the one that is not to be had.
 */
export async function startClusterTemporal({
  dataDir,
  postgresUrl,
  embedded,
  progress,
}: ClusterTemporalOptions): Promise<ClusterTemporal> {
  const begun = (file: string) => existsSync(join(dataDir.path, file));
  const program = embedded || begun('temporal.db') ? undefined : await findTemporalProgram(progress);
  if (program === undefined) {
    if (begun(SERVER_FILE)) {
      const what = `${dataDir.path} has its workflows in a Temporal server on Postgres`;
      throw new HostError('config', `${what}: give another --data, or remove it to begin anew`);
    }
    return {
      ...(await startEmbeddedTemporal({ dataDir, namespace: NAMESPACE, progress })),
      kind: 'embedded',
    };
  }
  return {
    ...(await startTemporalOnPostgres({ program, dataDir, postgresUrl, namespace: NAMESPACE })),
    kind: 'on Postgres',
  };
}
