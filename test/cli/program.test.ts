import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunOptions, runProgram } from './run-cli.ts';
import { type StubHost, startStubHost } from './stub-host.ts';

let host: StubHost;
let folder: string;

beforeAll(async () => {
  host = await startStubHost();
  folder = await mkdtemp(join(tmpdir(), 'agent-host-cli-'));
});

afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true });
});

const run = (args: string[], options: RunOptions = {}) =>
  runProgram(args, { ...options, env: { AGENT_HOST_URL: host.url, ...options.env } });

// util-linux has -e; the BSDs' `script` does not.
const hasScript = () => spawnSync('sh', ['-c', 'script -qec true /dev/null']).status === 0;

const json = (text: string) => JSON.parse(text);
const jsonLines = (text: string) => text.trim().split('\n').map(json);

describe.concurrent('agents and card', () => {
  it('lists all agents, page after page', async () => {
    const { code, stdout } = await run(['agents']);
    expect(code).toBe(0);
    const codes = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(codes).toEqual(['CODE', 'echo', 'steps', 'approval', 'broken', 'talker', 'steering']);
  });

  it('searches', async () => {
    expect(json((await run(['agents', 'echo', '--json'])).stdout)).toMatchObject({
      agents: [{ id: 'echo' }],
      total: 1,
    });
    expect((await run(['agents', 'xyz'])).stdout).toBe('No agent matches "xyz".\n');
  });

  it('shows a card with its skills, examples and input schema', async () => {
    const { stdout } = await run(['card', 'echo']);
    for (const shown of [
      'The echo 1.0.0',
      'Do echo',
      'for example: like this',
      '"type": "object"',
      'text/plain',
    ]) {
      expect(stdout).toContain(shown);
    }
    expect(json((await run(['card', 'echo', '--json'])).stdout).supportedInterfaces[0].protocolVersion).toBe(
      '1.0',
    );
  });

  it('names an unknown agent', async () => {
    const { code, stdout, stderr } = await run(['card', 'nobody']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('There is no agent "nobody".');
  });
});

describe.concurrent('send', () => {
  it('waits for the end and shows state and text', async () => {
    const { code, stdout } = await run(['send', 'echo', 'Hello there']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^task \S+\ncompleted: Hello there\n$/);
  });

  it('prints one object with --json, the message id in it', async () => {
    const answer = json((await run(['send', 'echo', 'hi', '--json'])).stdout);
    expect(answer.messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.task.status.state).toBe('TASK_STATE_COMPLETED');
  });

  it('sends data and a file', async () => {
    const file = join(folder, 'notes.md');
    await writeFile(file, '# Notes');
    const answer = json((await run(['send', 'echo', '--data', '{"a":1}', '--file', file, '--json'])).stdout);
    expect(answer.task.artifacts).toMatchObject([
      { parts: [{ data: { a: 1 } }] },
      { name: 'part 1 notes.md', parts: [{ raw: Buffer.from('# Notes').toString('base64') }] },
    ]);
  });

  it('reads data from standard input', async () => {
    const answer = json((await run(['send', 'echo', '--data', '-', '--json'], { stdin: '[1]' })).stdout);
    expect(answer.task.artifacts[0].parts[0].data).toEqual([1]);
  });

  it('shows progress as it streams', async () => {
    const { code, stdout } = await run(['send', 'steps', 'go', '--stream']);
    expect(code).toBe(0);
    expect(
      stdout
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      'submitted',
      'working: reading',
      'working: counting',
      'artifact counts',
      '{',
      '"words": 3',
      '}',
      'completed: Done',
      '',
    ]);
  });

  it('prints JSON lines when it streams with --json', async () => {
    const lines = jsonLines((await run(['send', 'steps', 'go', '--stream', '--json'])).stdout);
    expect(lines.flatMap((line) => Object.keys(line))).toEqual([
      'messageId',
      'task',
      'statusUpdate',
      'statusUpdate',
      'artifactUpdate',
      'statusUpdate',
    ]);
  });

  it('prints the reply of an agent that makes no task', async () => {
    expect(await run(['send', 'talker', 'hi'])).toMatchObject({ code: 0, stdout: 'Only words\n' });
    expect(await run(['send', 'talker', 'hi', '--stream'])).toMatchObject({
      code: 0,
      stdout: 'Only words\n',
    });
  });

  it('lets no agent steer the terminal', async () => {
    expect((await run(['send', 'steering', 'hi'])).stdout).toContain('completed: a[2Jbc\n');
  });

  it('lets no host steer it by what it refuses', async () => {
    const { code, stderr } = await run(['send', 'refusing', 'hi']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no[2J thanks') });
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it.each([[[]], [['--stream']]])('exits 1 when the task fails %j', async (flags) => {
    const { code, stdout } = await run(['send', 'broken', 'hi', ...flags]);
    expect(code).toBe(1);
    expect(stdout).toContain('failed: It broke');
  });

  it('without a terminal exits 3, and the command it prints goes on', async () => {
    const asked = await run(['send', 'approval', 'pay']);
    expect(asked.code).toBe(3);
    expect(asked.stdout).toContain('input-required: Yes or no?');
    const command = asked.stderr.trim().split('\n').at(-1) ?? '';
    expect(command).toContain(`--url ${host.url}`);
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    expect(stdout).toContain('completed: Heard your answer');
  });

  it('asks nobody with --json', async () => {
    const { code, stdout, stderr } = await run(['send', 'approval', 'pay', '--json']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(json(stdout).task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
  });
});

describe.skipIf(!hasScript())('at a terminal', () => {
  /** `script` gives the program a terminal; what is typed waits until the question is there. */
  async function converse(typed: string) {
    const command = `${process.execPath} dist/main.js send approval pay`;
    const terminal = spawn('sh', ['-c', `exec script -qec '${command}' /dev/null`], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, AGENT_HOST_URL: host.url },
    });
    let shown = '';
    let asked = false;
    terminal.stdout.on('data', (chunk) => {
      shown += chunk;
      if (!asked && shown.includes('> ')) {
        asked = true;
        terminal.stdin.write(typed);
      }
    });
    const code = await new Promise((resolve) => terminal.once('close', resolve));
    return { code, shown };
  }

  it('asks, and sends the answer to the same task', async () => {
    const { code, shown } = await converse('yes\n');
    expect(shown).toContain('input-required: Yes or no?');
    expect(shown).toContain('completed: Heard yes');
    expect(code).toBe(0);
  });

  it.each([
    ['Ctrl-D', '\u0004'],
    ['Ctrl-C', '\u0003'],
  ])('leaves at %s and says how to go on', async (_key, typed) => {
    const { code, shown } = await converse(typed);
    expect(shown).toMatch(/send approval 'your answer' --task/);
    expect(code).toBe(3);
  });
});

describe.concurrent('task and cancel', () => {
  it('finds the agent of a task', async () => {
    const { task } = json((await run(['send', 'broken', 'hi', '--json'])).stdout);
    const shown = await run(['task', task.id]);
    expect(shown).toMatchObject({ code: 1, stdout: `task ${task.id}\nfailed: It broke\n` });
    expect(json((await run(['task', task.id, '--agent', 'broken', '--json'])).stdout).task.id).toBe(task.id);
  });

  it('says when there is none', async () => {
    expect(await run(['task', 'none'])).toMatchObject({ code: 1, stderr: 'No agent has a task none.\n' });
  });

  it('shows the JSON-RPC error and its code', async () => {
    const { code, stdout } = await run(['task', 'none', '--agent', 'echo', '--json']);
    expect(code).toBe(1);
    expect(json(stdout)).toEqual({ error: { code: -32001, message: expect.stringMatching(/not found/i) } });
  });

  it('cancels, and that is a success', async () => {
    const { task } = json((await run(['send', 'approval', 'pay', '--json'])).stdout);
    const canceled = await run(['cancel', task.id]);
    expect(canceled.code).toBe(0);
    expect(canceled.stdout).toContain('canceled');
  });

  it('does not cancel what has ended', async () => {
    const { task } = json((await run(['send', 'echo', 'hi', '--json'])).stdout);
    const refused = await run(['cancel', task.id, '--json']);
    expect(refused.code).toBe(1);
    expect(json(refused.stdout).error.code).toBe(-32002);
  });
});

describe.concurrent('what goes wrong', () => {
  const usage: [string, string[], string][] = [
    ['no command', [], 'Usage: agent-host'],
    ['an unknown command', ['fly'], "unknown command 'fly'"],
    ['an unknown option', ['agents', '--wide'], "unknown option '--wide'"],
    ['nothing to send', ['send', 'echo'], 'give a text, --data or --file'],
    ['data that is no JSON', ['send', 'echo', '--data', '{'], '--data: not JSON'],
    [
      'metadata that is no object',
      ['send', 'echo', 'x', '--metadata', '[]'],
      '--metadata: not a JSON object',
    ],
    ['a missing file', ['send', 'echo', '--file', 'no-such-file'], '--file: cannot read no-such-file'],
    ['a bad URL', ['agents', '--url', 'nowhere'], '--url: not an http or https URL: nowhere'],
  ];
  it.each(usage)('%s is a usage error', async (_name, args, told) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(told);
  });

  it('no host', async () => {
    const gone = await startStubHost();
    await gone.close();
    const { code, stderr } = await run(['agents', '--url', gone.url]);
    expect(code).toBe(1);
    expect(stderr).toBe(`No host answers at ${gone.url}. Start one with \`npm start\`, or give --url.\n`);
    expect(json((await run(['agents', '--url', gone.url, '--json'])).stdout).error.message).toContain(
      'No host answers',
    );
  });

  it.each(['start', 'worker'])('a bad setting stops %s before anything starts', async (command) => {
    const { code, stdout, stderr } = await run([command], { env: { PORT: 'many' } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^PORT: [^\n]*\n$/);
  });

  it('shows where an error came from only with DEBUG', async () => {
    expect((await run(['card', 'nobody'])).stderr).not.toMatch(/^ {4}at /m);
    expect((await run(['card', 'nobody'], { env: { DEBUG: '1' } })).stderr).toMatch(/^ {4}at /m);
  });

  it('tells the exit codes in its help', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('3  the task waits for an answer');
  });
});
