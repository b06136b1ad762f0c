/** The command line against a real host, as its user types it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import {
  type Finished,
  killAllProducts,
  type Product,
  runProduct,
  startProduct,
  temporaryDataDir,
} from '../support/product.ts';
import type { Wire } from '../support/rpc.ts';

const dataDir = await temporaryDataDir();
const files = await temporaryDataDir();
let product: Product;

beforeAll(async () => {
  product = await startProduct({ DATA_DIR: dataDir.path });
});

afterAll(async () => {
  await killAllProducts();
  await Promise.all([dataDir.remove(), files.remove()]);
});

const cli = (...args: string[]): Promise<Finished> => runProduct(args, { AGENT_HOST_URL: product.url });

/** The one object a command prints with --json, whatever its exit. */
async function json(...args: string[]): Promise<{ code: number | null; value: Wire }> {
  const { code, stdout, stderr } = await cli(...args, '--json');
  expect(stderr).toBe('');
  return { code, value: JSON.parse(stdout) };
}

const CHAIR = JSON.stringify({ amount: 500, currency: 'EUR', purpose: 'a chair' });
const LAMP = JSON.stringify({ orderNumber: 'ORD-1003', reason: 'damaged', confirmed: true });

describe('agents and cards', () => {
  it('agents lists what is published', async () => {
    const { code, stdout } = await cli('agents');
    expect(code).toBe(0);
    const codes = ['document-digest', 'echo', 'expense-approval', 'order-refund', 'trip-planner'];
    for (const each of codes) expect(stdout).toMatch(new RegExp(`^${each}\\s`, 'm'));
  });

  it('agents QUERY ranks what matches', async () => {
    const { code, value } = await json('agents', 'refund', 'an', 'order');
    expect(code).toBe(0);
    expect(value.agents[0]).toMatchObject({ id: 'order-refund', name: 'Order refund' });
    expect((await cli('agents', 'zzzzzzzz')).stdout).toContain('No agent matches');
  });

  it('card CODE shows skills and schema', async () => {
    const { code, stdout } = await cli('card', 'expense-approval');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Expense approval 1\.0\.0[\s\S]*Approve an expense[\s\S]*"currency"/);
    expect((await json('card', 'echo')).value.supportedInterfaces[0].protocolVersion).toBe('1.0');
  });

  it('an unknown agent is one line and exit 1', async () => {
    const { code, stdout, stderr } = await cli('card', 'nobody');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^There is no agent "nobody"/);
    expect((await cli('send', 'nobody', 'x')).code).toBe(1);
  });
});

describe('send', () => {
  it('shows what the agent said and its artifacts; exit 0', async () => {
    const { code, stdout, stderr } = await cli('send', 'echo', 'hello there');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^task [0-9a-f-]{36}\ncompleted: hello there\nartifact echo/);
  });

  it('--json gives the message’s id and the task', async () => {
    const { code, value } = await json('send', 'echo', 'hello');
    expect(code).toBe(0);
    expect(value).toMatchObject({
      messageId: expect.any(String),
      task: { status: { state: 'TASK_STATE_COMPLETED' } },
    });
  });

  it('--data sends data, also from standard input', async () => {
    const data = '{"amount":20,"currency":"EUR","purpose":"tea"}';
    expect((await cli('send', 'expense-approval', '--data', data)).stdout).toContain('Approved: 20.00 EUR');
    const piped = await runProduct(
      ['send', 'expense-approval', '--data', '-'],
      { AGENT_HOST_URL: product.url },
      data,
    );
    expect(piped).toMatchObject({ code: 0, stdout: expect.stringContaining('Approved: 20.00 EUR') });
  });

  it('--file sends a file under its name', async () => {
    const path = join(files.path, 'whales.md');
    await writeFile(path, '# Whales\nWhales sing.\n# Boats\nBoats float.');
    const { code, stdout } = await cli('send', 'document-digest', '--file', path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/completed: whales\.md: \d+ words in 2 sections/);
  });

  it('--stream shows the progress as it comes, in order', async () => {
    const { code, stdout } = await cli('send', 'document-digest', '# A\none\n# B\ntwo', '--stream');
    expect(code).toBe(0);
    const wanted = ['task ', 'artifact outline', 'Counted 1 of 2', 'artifact keywords', 'completed: '];
    const places = wanted.map((each) => stdout.indexOf(each));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBe(0);
  });

  it('--stream --json prints one event a line', async () => {
    const { code, stdout } = await cli('send', 'echo', 'x', '--stream', '--json');
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.flatMap(Object.keys)).toEqual(['messageId', 'task', 'artifactUpdate', 'statusUpdate']);
  });

  it('exit 3 when the agent asks, with the command that goes on; --task goes on', async () => {
    const asked = await cli('send', 'expense-approval', '--data', CHAIR);
    expect(asked).toMatchObject({ code: 3, stdout: expect.stringMatching(/input-required: .*approve/) });
    const [, id] = /^task (\S+)/.exec(asked.stdout) ?? [];
    expect(asked.stderr).toContain(`--task ${id}`);
    const answered = await cli('send', 'expense-approval', 'yes', '--task', String(id));
    expect(answered).toMatchObject({ code: 0, stdout: expect.stringContaining('Approved by the approver') });
    const again = await cli('send', 'expense-approval', 'yes', '--task', String(id));
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('takes no more messages') });
  });

  it('exit 1 when the task fails or is rejected', async () => {
    const failed = await cli('send', 'order-refund', '--data', LAMP);
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('failed: ORD-1003') });
    const rejected = await cli('send', 'order-refund', 'ORD-1005 is damaged', '--stream');
    expect(rejected).toMatchObject({ code: 1, stdout: expect.stringContaining('rejected: ') });
  });

  it('a refusal of the host is told in its words, with its code in --json', async () => {
    const data = '{"amount":-1,"currency":"EUR","purpose":"x"}';
    const { code, stderr } = await cli('send', 'expense-approval', '--data', data);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('data.amount') });
    expect((await json('send', 'expense-approval', '--data', data)).value.error.code).toBe(-32602);
  });
});

describe('task and cancel', () => {
  const begin = async (): Promise<string> =>
    (await json('send', 'expense-approval', '--data', CHAIR)).value.task.id;

  it('task ID finds the task at whichever agent has it; the exit tells its state', async () => {
    const id = await begin();
    const { code, stdout, stderr } = await cli('task', id);
    expect(code).toBe(3);
    expect(stdout).toMatch(new RegExp(`^task ${id}\ninput-required: `));
    expect(stderr).toContain('expense-approval');
    const { value } = await json('task', id, '--agent', 'expense-approval');
    expect(value.task.history).toHaveLength(2);
  });

  it('task ID --stream shows it until it ends or asks', async () => {
    const { value } = await json('send', 'document-digest', '# A\none', '--metadata', '{"pauseMs":300}');
    const { id } = value.task;
    expect(value.task.history[0].metadata).toEqual({ pauseMs: 300 });
    const { code, stdout } = await cli('task', id, '--stream');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^task ${id}\n[^]*completed`)),
    });
    expect((await cli('task', await begin(), '--stream')).code).toBe(3);
  });

  it('cancel ID cancels it once', async () => {
    const id = await begin();
    expect(await cli('cancel', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('canceled') });
    expect(await cli('cancel', id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be canceled/),
    });
    expect((await cli('task', id)).code).toBe(1);
  });

  it('a task that nobody has is exit 1', async () => {
    const { code, stderr } = await cli('task', '00000000-0000-4000-8000-000000000000');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^No agent has a task/) });
  });
});

describe('doctor', () => {
  it('finds nothing wrong with a host that is well', async () => {
    const { code, stdout } = await cli('doctor');
    expect(stdout).toMatch(/✓ host: .* is ready/);
    expect(stdout).toContain('Nothing is wrong.');
    expect(code).toBe(0);
  });

  it('says what is wrong, hides what is secret, and exits 1', async () => {
    const { code, stdout } = await runProduct(['doctor', '--json'], {
      AGENT_HOST_URL: 'http://127.0.0.1:1',
      DATABASE_URL: 'postgresql://somebody:hush-hush@127.0.0.1:1/nothing',
    });
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report.ok).toBe(false);
    const wrong = report.checks.filter(({ result }: Wire) => result === 'wrong');
    expect(wrong.map(({ name }: Wire) => name)).toEqual(expect.arrayContaining(['database', 'host']));
    expect(stdout).not.toContain('hush-hush');
  });
});

describe('a command that cannot be run', () => {
  it.each([
    ['no command of ours', ['frobnicate']],
    ['no agent', ['send']],
    ['no message', ['send', 'echo']],
    ['data that is no JSON', ['send', 'echo', '--data', '{']],
    ['a file that is not there', ['send', 'echo', '--file', '/nowhere']],
    ['a URL that is none', ['agents', '--url', 'nowhere']],
    ['an unknown option', ['agents', '--loud']],
  ])('%s: exit 2', async (_, args) => {
    const { code, stdout, stderr } = await cli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('without a host: exit 1 and what to do', async () => {
    const { code, stderr } = await runProduct(
      ['agents', '--url', `http://127.0.0.1:${await freePort()}`],
      {},
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/No host answers.*npm start/),
    });
  });

  it('--help and --version are no failures', async () => {
    const help = await cli('--help');
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Exit codes') });
    expect(await cli('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});
