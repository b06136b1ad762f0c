import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDir } from '../src/embedded/data-dir.ts';
import { type EmbeddedTemporal, startEmbeddedTemporal } from '../src/temporal/embedded.ts';
import { startTemporalOnPostgres } from './temporal-on-postgres.ts';
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
 */
export async function startClusterTemporal({
  dataDir,
  postgresUrl,
  embedded,
  progress,
}: ClusterTemporalOptions): Promise<ClusterTemporal> {
  const begunEmbedded = existsSync(join(dataDir.path, 'temporal.db'));
  const program = embedded || begunEmbedded ? undefined : await findTemporalProgram(progress);
  if (program === undefined) {
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
