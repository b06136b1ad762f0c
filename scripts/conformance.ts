/**
 * Runs the protocol's compatibility kit against the product: `npm run conformance -- PATH-TO/a2a-tck.sh [kit options]`.
 * The kit calls the agent of `test/conformance/agents`; `test/conformance/NOTES.md` says what counts. Exits with 0 when
 * the product conforms, 1 when not, 2 for a wrong command line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../src/embedded/free-port.ts';
import { isConformant, judge, summaryOf, type Verdict } from '../test/conformance/verdict.ts';
import { startProduct, temporaryDataDir } from '../test/support/product.ts';
import { agentUrl } from '../test/support/rpc.ts';

const HERE = new URL('../test/conformance/', import.meta.url).pathname;

/** What the kit supposes: its webhooks are on localhost, and its gRPC calls name no agent. */
const SETTINGS = {
  WORKFLOWS: join(HERE, 'agents'),
  DATABASE_URL: '',
  TEMPORAL_ADDRESS: '',
  DEFAULT_AGENT: 'tck',
  PUSH_ALLOW: 'localhost',
};

async function runKit(kit: string, options: string[], reports: string): Promise<void> {
  const dataDir = await temporaryDataDir();
  try {
    const env = { ...SETTINGS, DATA_DIR: dataDir.path, GRPC_PORT: String(await freePort()) };
    const product = await startProduct(env);
    try {
      const child = spawn(kit, [agentUrl(product.url, 'tck'), ...options], {
        env: { ...process.env, TCK_REPORTS: reports },
        stdio: 'inherit',
      });
      await once(child, 'exit');
    } finally {
      await product.end('SIGTERM');
    }
  } finally {
    await dataDir.remove();
  }
}

async function verdictOf(reports: string): Promise<Verdict> {
  const read = (path: string) => readFile(path, 'utf8');
  const [cases, requirements, notes] = await Promise.all([
    read(join(reports, 'junitreport.xml')),
    read(join(reports, 'compatibility.json')),
    read(join(HERE, 'NOTES.md')),
  ]);
  return judge({ cases, requirements, notes });
}

async function main([given, ...options]: string[]): Promise<number> {
  if (given === undefined) {
    console.error('Usage: npm run conformance -- PATH-TO/a2a-tck.sh [kit options]');
    return 2;
  }
  const kit = resolve(given);
  try {
    await access(kit, constants.X_OK);
  } catch {
    console.error(`${given} cannot be run`);
    return 2;
  }
  const reports = await mkdtemp(join(tmpdir(), 'agent-host-conformance-'));
  await runKit(kit, options, reports);
  const verdict = await verdictOf(reports);
  console.log(summaryOf(verdict));
  if (!isConformant(verdict)) {
    console.log(`The kit's reports: ${reports}`);
    return 1;
  }
  await rm(reports, { recursive: true });
  return 0;
}

// The kit and the product hear an interrupt too: once they have ended, this cleans up behind them.
process.on('SIGINT', () => {});
process.exitCode = await main(process.argv.slice(2));
