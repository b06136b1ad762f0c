import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { withSettingsTable } from '../scripts/settings-table.ts';
import { configSchema } from '../src/config.ts';
import { freePort } from '../src/embedded/free-port.ts';
import { TASK_STATES } from '../src/tasks/task.ts';
import { endAllProducts, type Product, startProduct, temporaryDataDir } from './support/product.ts';

const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

afterAll(endAllProducts);

interface Block {
  /** What follows the fence: `sh`, `sh host`, `text`, `ts PATH`. */
  info: string;
  code: string;
}

const blocksOf = (text: string): Block[] =>
  [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, info = '', code = '']) => ({ info, code }));

/** The text under a heading of the second level, to the next one. */
function section(title: string): string {
  const [, text] = readme.split(`\n## ${title}\n`);
  if (text === undefined) throw new Error(`the README has no section ${title}`);
  return text.split('\n## ')[0] ?? '';
}

/** Each command block with what the README says it prints. */
function steps(blocks: Block[]): { host: boolean; code: string; promised: string[] }[] {
  return blocks.flatMap(({ info, code }, index) => {
    if (info !== 'sh' && info !== 'sh host') return [];
    const next = blocks[index + 1];
    const promised = next?.info === 'text' ? next.code.split('\n').filter((line) => line.trim() !== '') : [];
    return [{ host: info === 'sh host', code, promised }];
  });
}

interface Shell {
  run(code: string): Promise<{ code: number; output: string }>;
  close(): Promise<void>;
}

/** One shell for all blocks, as the reader's second terminal: later blocks use the variables of earlier ones. */
async function openShell(env: Record<string, string>): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  const [script, out] = [join(folder, 'block.sh'), join(folder, 'output')];
  const bash = spawn('bash', ['--noprofile', '--norc'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: bash.stdout })[Symbol.asyncIterator]();
  bash.stdin.write('shopt -s expand_aliases\n');
  return {
    run: async (code) => {
      await writeFile(script, code);
      bash.stdin.write(`source '${script}' >'${out}' 2>&1 </dev/null; echo $?\n`);
      const { value } = await lines.next();
      return { code: Number(value), output: await readFile(out, 'utf8') };
    },
    close: async () => {
      const exited = once(bash, 'exit');
      bash.stdin.end();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The first promised line that does not come, in its order, among the printed ones; `…` stands for anything. */
function brokenPromise(promised: string[], output: string): string | undefined {
  const printed = output.split('\n').map((line) => line.trimEnd());
  let at = 0;
  for (const line of promised) {
    const pattern = new RegExp(`^${line.trimEnd().split('…').map(escaped).join('.*')}$`);
    const found = printed.findIndex((each, index) => index >= at && pattern.test(each));
    if (found === -1) return line;
    at = found + 1;
  }
  return undefined;
}

test('the table of settings is the schema’s', () => {
  expect(readme).toBe(withSettingsTable(readme));
});

/** Variables that are no settings of the host: the command line's, the compose file's, the tests', the shell's own. */
const OTHERS = [
  'AGENT_HOST_URL',
  'AGENT_HOST_API_KEY',
  'DEBUG',
  'POSTGRES_PASSWORD',
  'FUZZ_MS',
  'FUZZ_SEED',
  'PATH',
];
/** Variables that its commands set for themselves. */
const OWN = [
  'ACCESS',
  'ACCESS_TOKEN',
  'BASE',
  'JSON',
  'MESSAGE',
  'HELLO',
  'ID_OF',
  'MESSAGE_ID',
  'EXPENSE',
  'REFUND',
  'DIGEST',
  'DPOP_PROOF',
  'QUOTE',
];

test('every variable the README names is a setting, and every setting is in the README', () => {
  const settings = Object.keys(configSchema.shape);
  const named = [
    // As code of its own, and where something is set or read; constants of the protocol and of code are no variables.
    ...readme.matchAll(/`([A-Z][A-Z0-9_]+)(?:=[^`\n]*)?`/g),
    ...readme.matchAll(/(?:^|[\s`])([A-Z][A-Z0-9_]+)=/gm),
    ...readme.matchAll(/\$\{?([A-Z][A-Z0-9_]+)/g),
  ].map(([, name]) => name as string);
  // As the invoke facade says them.
  const states = TASK_STATES.map((state) => state.toUpperCase().replace('-', '_'));
  const known = new Set([...settings, ...OTHERS, ...OWN, ...states, 'PWD', 'CODES', 'TASK_STATE_COMPLETED']);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
  expect(settings.filter((name) => !named.includes(name))).toEqual([]);
});

test('the tour does what it says', { timeout: 240_000 }, async () => {
  const data = await temporaryDataDir();
  const port = String(await freePort());
  const here = (text: string) => text.replaceAll('8042', port);
  const env = { PORT: port, DATA_DIR: data.path };
  const shell = await openShell(env);
  let product: Product | undefined;
  try {
    for (const { host, code, promised } of steps(blocksOf(section('A five-minute tour')))) {
      if (host) {
        product = await startProduct(env);
        continue;
      }
      const { code: exit, output } = await shell.run(here(code));
      expect(exit, `${code}\n${output}`).toBe(0);
      expect(brokenPromise(promised.map(here), output), `${code}\n${output}`).toBeUndefined();
    }
    expect(await product?.end('SIGTERM')).toEqual({ code: 0, signal: null });
  } finally {
    await shell.close();
    await endAllProducts();
    await data.remove();
  }
});

test('the example of an agent works as it is', { timeout: 120_000 }, async () => {
  const data = await temporaryDataDir();
  // Inside the repository: there the package is found by its name.
  const folder = join(root, '.vitest', 'readme');
  const blocks = blocksOf(section('Publish a workflow'));
  const port = String(await freePort());
  const here = (text: string) => text.replaceAll('8042', port);
  const env = { PORT: port, DATA_DIR: data.path, WORKFLOWS: join(folder, 'workflows') };
  await rm(folder, { recursive: true, force: true });
  for (const { info, code } of blocks.filter(({ info }) => info.startsWith('ts '))) {
    const file = join(folder, info.slice('ts '.length));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, code);
  }
  const shell = await openShell(env);
  try {
    await startProduct(env);
    const [preparation] = steps(blocksOf(section('A five-minute tour'))).filter(({ host }) => !host);
    await shell.run(here(preparation?.code ?? ''));
    for (const { code, promised } of steps(blocks)) {
      const { code: exit, output } = await shell.run(here(code));
      expect(exit, `${code}\n${output}`).toBe(0);
      expect(brokenPromise(promised, output), `${code}\n${output}`).toBeUndefined();
    }
  } finally {
    await shell.close();
    await endAllProducts();
    await rm(folder, { recursive: true, force: true });
    await data.remove();
  }
});
