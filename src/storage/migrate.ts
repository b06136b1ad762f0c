import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationDirectory, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import { Client, Pool } from 'pg';
import { HostError, messageOf } from '../errors.ts';

/** The product's own schema and migrations: beside src/ in a checkout, beside dist/ in the package. */
export const PRISMA_FOLDER = fileURLToPath(new URL('../../prisma', import.meta.url));

/** Any number, as long as every host uses the same and it is not the engine's. */
const LOCK = 80_420_003;
/** What Prisma's engine, and so its command line, locks while it migrates. */
const ENGINE_LOCK = 72_707_369;

const FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Brings the database up to the migrations of `prismaDir` with Prisma's own schema engine and its
 * `_prisma_migrations` table, so that `prisma migrate deploy` works on the same database and folder. Hosts that start
 * at once take turns.
 * @returns the names of the migrations applied now, in order.
 * @throws HostError `config` when a migration fails or failed before, `unavailable` when the database is not reached.
 */
export async function migrate(databaseUrl: string, prismaDir: string): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(resolve(prismaDir, 'migrations'));
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  // A connection lost while the engine works shows in the engine's own error.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    await client.end().catch(() => {});
    throw new HostError('unavailable', `The database cannot be reached: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    await forgiveInterrupted(client);
    return { applied: await apply(databaseUrl, migrations) };
  } finally {
    // Ends the session, and with it the lock.
    await client.end().catch(() => {});
  }
}

async function apply(databaseUrl: string, migrationsList: MigrationList): Promise<string[]> {
  const { SchemaEngine } = await loadEngine();
  // A pool of ours, because the engine leaves its own open and with it the lock it took, until it idles out.
  const pool = new Pool({
    connectionString: databaseUrl,
    onConnect: (connected) => void connected.on('error', () => {}),
  });
  pool.on('error', () => {});
  const factory = bindMigrationAwareSqlAdapterFactory(wholeScripts(new PrismaPg(pool)));
  let engine: SchemaEngine | undefined;
  try {
    engine = await SchemaEngine.new({ datamodels: undefined }, () => {}, factory);
    await refuseDivergence(engine, migrationsList);
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: FILTERS });
    return appliedMigrationNames;
  } catch (error) {
    throw error instanceof HostError ? error : migrationFailure(error);
  } finally {
    engine?.free();
    await pool.end();
  }
}

/**
 * The adapter cuts a script at every semicolon, those in function bodies and strings too, and sends the pieces each
 * in a transaction, even on a connection, of its own. Prisma's command line sends it whole, which Postgres runs as
 * one transaction; so do we. A statement without arguments goes the same way.
 */
function wholeScripts(factory: PrismaPg): PrismaPg {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    adapter.executeScript = async (sql) => {
      await adapter.executeRaw({ sql, args: [], argTypes: [] });
    };
    return adapter;
  };
  return factory;
}

/** `migrate deploy` lets a database pass that is ahead of the folder; a host must not run on a schema it does not know. */
async function refuseDivergence(engine: SchemaEngine, migrationsList: MigrationList): Promise<void> {
  const { failedMigrationNames, editedMigrationNames, history } = await engine.diagnoseMigrationHistory({
    migrationsList,
    optInToShadowDatabase: false,
    filters: FILTERS,
  });
  const failed = failedMigrationNames[0];
  if (failed !== undefined) {
    const command = `prisma migrate resolve --rolled-back ${failed}`;
    throw refuse(`migration ${failed} failed on it earlier: undo what it left, then run "${command}"`);
  }
  const edited = editedMigrationNames[0];
  if (edited !== undefined) throw refuse(`migration ${edited} was changed after it had been applied`);
  if (history !== null && 'unpersistedMigrationNames' in history) {
    const names = history.unpersistedMigrationNames.join(', ');
    throw refuse(
      `a newer version has used it (unknown migrations: ${names}): run that version or another database`,
    );
  }
}

const refuse = (why: string): HostError => new HostError('config', `The database cannot be used: ${why}`);

/** The engine's errors carry a trace of its own, in which the migration's name stands. */
function migrationFailure(error: unknown): HostError {
  const [problem = '', ...trace] = messageOf(error).split(/\n\s+\d+: /);
  const name = /migration_name="([^"]+)"/.exec(trace.join('\n'))?.[1] ?? '';
  const reason = problem.replace('external connector error', '').replace(/\s+/g, ' ').trim();
  return new HostError('config', `Database migration ${name} failed: ${reason}`, { cause: error });
}

/**
 * A host killed in the midst of a migration leaves it marked as begun, and the engine would refuse the database for
 * ever. A script is one transaction, so it was rolled back, and may be applied again. One that failed has its error
 * in `logs` and is left to the operator. Under the engine's lock none can be under way.
 */
async function forgiveInterrupted(client: Client): Promise<void> {
  const { rows } = await client.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`);
  if (!rows[0].present) return;
  await client.query('SELECT pg_advisory_lock($1)', [ENGINE_LOCK]);
  await client.query(
    `UPDATE _prisma_migrations SET rolled_back_at = now()
      WHERE finished_at IS NULL AND rolled_back_at IS NULL AND logs IS NULL`,
  );
  await client.query('SELECT pg_advisory_unlock($1)', [ENGINE_LOCK]);
}

async function readMigrations(baseDir: string): Promise<MigrationList> {
  const entries = await readdir(baseDir, { withFileTypes: true }).catch((cause: unknown) => {
    throw new HostError('config', `No migrations in ${baseDir}: ${messageOf(cause)}`, { cause });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const lockfile = join(baseDir, 'migration_lock.toml');
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: await readFile(lockfile, 'utf8').catch(() => null) },
    migrationDirectories: await Promise.all(names.sort().map((name) => readMigration(baseDir, name))),
    shadowDbInitScript: '',
  };
}

async function readMigration(baseDir: string, name: string): Promise<MigrationDirectory> {
  const value = await readFile(join(baseDir, name, 'migration.sql'), 'utf8');
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
}

type EngineModule = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');
/** Node has it; TypeScript declares it only with the DOM. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

let engineModule: Promise<EngineModule> | undefined;

/** The engine never clears its timer for getting the lock (10 s), which would keep a process alive that is done. */
function unreferencedTimers(bindings: object): Record<string, unknown> {
  const timers = Object.keys(bindings).filter((name) => name.startsWith('__wbg_setTimeout_'));
  const setUnreferenced = (run: () => void, ms: number) => setTimeout(run, ms).unref();
  return Object.fromEntries(timers.map((name) => [name, setUnreferenced]));
}

/** By hand, because Node imports no WebAssembly module without a flag. */
function loadEngine(): Promise<EngineModule> {
  engineModule ??= (async () => {
    const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm');
    const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
    const binary = await readFile(join(dirname(entry), 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(binary, {
      './schema_engine_bg.js': { ...bindings, ...unreferencedTimers(bindings) },
    });
    bindings.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
    return bindings;
  })();
  return engineModule;
}
