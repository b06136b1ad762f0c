/** What the README says of backup and restore: backed up, destroyed, restored, and all is as it was. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, afterEach, expect, it } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { endAllProducts, runProduct, startProduct, temporaryDataDir } from '../support/product.ts';
import { agentUrl, call, userMessage, type Wire } from '../support/rpc.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const V1 = { version: '1.0' } as const;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await endAllProducts();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(endAllProducts);

interface Kept {
  ended: Wire;
  waiting: Wire;
}

const get = (url: string, code: string, id: string): Promise<Wire> =>
  call(agentUrl(url, code), 'GetTask', { id }, V1);

/** A host that has seen an ended task, a task that waits, and calls with receipts, and was stopped then. */
async function lived(env: Record<string, string>): Promise<Kept> {
  const product = await startProduct(env);
  const send = async (code: string, message: object) =>
    (await call(agentUrl(product.url, code), 'SendMessage', { message }, V1)).task;
  const ended = await send('echo', userMessage('hello'));
  const data = { amount: 900, currency: 'EUR', purpose: 'a desk' };
  const waiting = await send('expense-approval', userMessage([{ data }]));
  for (const message of ['one', 'two']) {
    const answer = await fetch(`${product.url}/v1/agents/echo/invoke`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ message }),
    });
    expect(answer.status).toBe(200);
  }
  await product.end('SIGTERM');
  return { ended, waiting };
}

/** The restored host has it all, and goes on. */
async function goesOn(env: Record<string, string>, { ended, waiting }: Kept): Promise<void> {
  const { url } = await startProduct(env);
  expect(await get(url, 'echo', ended.id)).toEqual(ended);
  expect(await get(url, 'expense-approval', waiting.id)).toEqual(waiting);
  expect(await runProduct(['receipts', 'verify', '--all'], env)).toMatchObject({
    code: 0,
    stdout: '2 receipts are as signed, and none is missing.\n',
  });
  const message = { ...userMessage('yes'), taskId: waiting.id };
  const { task } = await call(agentUrl(url, 'expense-approval'), 'SendMessage', { message }, V1);
  expect(task).toMatchObject({ id: waiting.id, status: { state: 'TASK_STATE_COMPLETED' } });
}

const copy = (from: string, to: string) => run('cp', ['-a', from, to]);

it.runIf(process.env.FULL)('embedded: a copy of DATA_DIR is all', { timeout: 240_000 }, async () => {
  const folder = await temporaryDataDir();
  cleanups.push(folder.remove);
  // As root, Postgres runs as another user, who must be able to get in.
  await run('chmod', ['711', folder.path]);
  const dataDir = join(folder.path, 'data');
  const env = { DATA_DIR: dataDir };
  const kept = await lived(env);
  await copy(dataDir, join(folder.path, 'backup'));
  await rm(dataDir, { recursive: true });
  await copy(join(folder.path, 'backup'), dataDir);
  await goesOn(env, kept);
});

/** Where a Postgres and its tools are, of one version; undefined where there are none. */
function postgresTools(): string | undefined {
  try {
    return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const tools = process.env.FULL ? postgresTools() : undefined;

it.runIf(tools)(
  'servers of one’s own: pg_dump, pg_restore, and Temporal’s own state',
  { timeout: 240_000 },
  async () => {
    const postgres = await startPostgres(String(tools));
    const folder = await temporaryDataDir();
    cleanups.push(folder.remove);
    const dataDir = join(folder.path, 'data');
    const env = {
      DATABASE_URL: postgres.url('agent_host'),
      DATA_DIR: dataDir,
      SIGNING_KEY: newSigningKey(),
      GATEWAY_SECRET_KEY: randomBytes(32).toString('base64'),
    };
    const tool = (name: string, ...args: string[]) => run(join(String(tools), name), args);
    await postgres.query('create database agent_host');
    const kept = await lived(env);
    const dump = join(folder.path, 'agent-host.dump');
    await tool('pg_dump', '--format=custom', `--file=${dump}`, env.DATABASE_URL);
    await copy(dataDir, join(folder.path, 'backup'));
    await postgres.query('drop database agent_host');
    await rm(dataDir, { recursive: true });
    await copy(join(folder.path, 'backup'), dataDir);
    await postgres.query('create database agent_host');
    await tool('pg_restore', '--clean', '--if-exists', '--no-owner', `--dbname=${env.DATABASE_URL}`, dump);
    await goesOn(env, kept);
  },
);

interface OwnPostgres {
  url(database: string): string;
  query(statement: string): Promise<void>;
}

/** A Postgres of these tools, in a folder of its own, until the test ends. */
async function startPostgres(bin: string): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const user = await unprivileged();
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
  const options = { ...user, cwd: folder };
  await run(
    join(bin, 'initdb'),
    ['-D', join(folder, 'db'), '-U', 'postgres', '--auth=trust', '--no-sync'],
    options,
  );
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((each) => ['-c', each]);
  const server: ChildProcess = spawn(
    join(bin, 'postgres'),
    ['-D', join(folder, 'db'), '-p', String(port), ...settings],
    { ...options, stdio: 'ignore' },
  );
  cleanups.push(async () => {
    const exited = once(server, 'exit');
    if (server.kill('SIGINT')) await exited;
  });
  const url = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`;
  const query = async (statement: string) => {
    const client = new Client({ connectionString: url('postgres') });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await until('Postgres answers', () =>
    query('select 1').then(
      () => true,
      () => undefined,
    ),
  );
  return { url, query };
}

/** Postgres does not run as root. */
async function unprivileged(): Promise<{ uid: number; gid: number } | { uid?: undefined }> {
  if (process.getuid?.() !== 0) return {};
  const idOf = async (kind: string) => Number((await run('id', [kind, 'nobody'])).stdout);
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}
