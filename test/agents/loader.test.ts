import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgents } from '../../src/agents/loader.ts';
import { HostError } from '../../src/errors.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agents-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

const agent = (code: string, workflow = code.replaceAll('-', '_')) => `
  type Code = string;
  const code: Code = '${code}';
  export default { code, name: 'N', description: 'D', version: '1', workflow: '${workflow}',
    skills: [{ id: 's', name: 'S', description: 'D', tags: [] }] };`;

/** An agents.yaml of one agent. */
const yaml = (code: string, more: string) => `
agents:
  - code: ${code}
    name: N
    description: D
    version: '1'
    skills: [{ id: s, name: S, description: D, tags: [] }]
    ${more}`;

const WORKFLOW = 'export {};';

async function failure(): Promise<HostError> {
  const error = await loadAgents(root).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HostError);
  expect(error).toMatchObject({ code: 'config' });
  return error as HostError;
}

describe('loadAgents', () => {
  it('gives the agents by code with their files', async () => {
    await write({
      'b-two/agent.ts': agent('b-two'),
      'b-two/workflow.ts': WORKFLOW,
      'b-two/activities.ts': WORKFLOW,
      'a-one/agent.mjs': agent('a-one').replace('type Code = string;', '').replace(': Code', ''),
      'a-one/workflow.js': WORKFLOW,
      'README.md': '',
    });
    const agents = await loadAgents(root);
    expect(agents.map(({ definition, ...files }) => [definition.code, files])).toEqual([
      ['a-one', { folder: join(root, 'a-one'), workflowFile: join(root, 'a-one/workflow.js') }],
      [
        'b-two',
        {
          folder: join(root, 'b-two'),
          workflowFile: join(root, 'b-two/workflow.ts'),
          activitiesFile: join(root, 'b-two/activities.ts'),
        },
      ],
    ]);
  });

  it('passes over what is no agent', async () => {
    await write({
      'echo/agent.ts': agent('echo'),
      'echo/workflow.ts': WORKFLOW,
      'shared/money.ts': WORKFLOW,
      '_draft/workflow.ts': WORKFLOW,
      '.cache/workflow.ts': WORKFLOW,
      'node_modules/x/index.js': WORKFLOW,
    });
    expect(await loadAgents(root)).toHaveLength(1);
  });

  it('gives agents whose workflows are elsewhere, of a folder or a file, without files to run', async () => {
    await write({
      'a-one/agent.ts': agent('a-one').replace(
        /workflow: '.*'/,
        "plain: { workflowType: 'W', taskQueue: 'q' }",
      ),
      'agents.yaml': yaml(
        'b-two',
        'cooperating: { workflowType: W, taskQueue: q }\n    input: { type: object, required: [x] }',
      ),
    });
    const [one, two] = await loadAgents(root);
    expect(one).toMatchObject({ definition: { code: 'a-one' }, folder: join(root, 'a-one') });
    expect(two).toMatchObject({ definition: { code: 'b-two' }, folder: root });
    expect([one, two].map((source) => source?.workflowFile)).toEqual([undefined, undefined]);
    expect(two?.definition.input?.safeParse({}).success).toBe(false);
  });

  it('names a folder that cannot be read', async () => {
    const error = await loadAgents(join(root, 'nowhere')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'config', field: 'WORKFLOWS' });
    expect((error as Error).message).toContain(join(root, 'nowhere'));
  });

  it.each([
    ['nothing to publish', {}, 'WORKFLOWS', /no folder with an agent/],
    [
      'a file whose list is empty',
      { 'agents.yaml': 'agents: []' },
      'WORKFLOWS',
      /no folder with an agent\.ts and none in its agents file, whose list is empty/,
    ],
    [
      'two files',
      { 'agents.yaml': 'agents: []', 'agents.json': '{ "agents": [] }' },
      'WORKFLOWS',
      /holds agents\.yaml and agents\.json; one of them is read/,
    ],
    [
      'a NUL',
      { 'agents.yaml': yaml('b', 'plain: { workflowType: W, taskQueue: q, memo: { note: "\\0" } }') },
      'plain.memo.note',
      /agents\.yaml: agent "b": plain\.memo\.note: is not well-formed text/,
    ],
    ['a workflow without agent.ts', { 'a/workflow.ts': WORKFLOW }, 'agent.ts', /a: agent\.ts: is missing/],
    ['no default export', { 'a/agent.ts': WORKFLOW }, 'default export', /a\/agent\.ts/],
    [
      'a default export that is no object',
      { 'a/agent.ts': 'export default 1' },
      'default export',
      /defineAgent/,
    ],
    [
      'a file that throws',
      { 'a/agent.ts': 'throw new Error("boom")' },
      'default export',
      /agent\.ts: .*boom/,
    ],
    ['no definition', { 'a/agent.ts': 'export default { code: "a" }' }, 'name', /a\/agent\.ts: .*name/],
    [
      'a code that is not the folder’s name',
      { 'a/agent.ts': agent('b'), 'a/workflow.ts': WORKFLOW },
      'code',
      /a\/agent\.ts: code: is "b", but its folder is named "a"/,
    ],
    [
      'one code twice',
      { 'a/agent.ts': agent('b', 'one'), 'b/agent.ts': agent('b', 'two') },
      'code',
      /b\/agent\.ts: code: "b" is taken by .*a\/agent\.ts/,
    ],
    [
      'one workflow name twice',
      { 'a/agent.ts': agent('a', 'same'), 'b/agent.ts': agent('b', 'same') },
      'workflow',
      /b\/agent\.ts: workflow: "same" is taken by .*a\/agent\.ts/,
    ],
    [
      'a queue of this host’s workers for a workflow elsewhere',
      {
        'a/agent.ts': agent('a').replace('workflow:', "taskQueue: 'mine', workflow:"),
        'a/workflow.ts': WORKFLOW,
        'agents.yaml': yaml('b', 'plain: { workflowType: W, taskQueue: mine }'),
      },
      'plain.taskQueue',
      /agents\.yaml: plain\.taskQueue: "mine" is polled/,
    ],
    [
      'a file that is no YAML',
      { 'agents.yaml': 'agents: [' },
      'agents',
      /agents\.yaml: agents: is no YAML: /,
    ],
    ['a file without a list', { 'agents.yaml': 'a: 1' }, 'agents', /agents\.yaml: agents: /],
    [
      'a workflow of its own in a file',
      { 'agents.yaml': yaml('b', 'workflow: w') },
      'workflow',
      /agents\.yaml: agent "b": workflow: needs a folder/,
    ],
    [
      'an input that is no JSON Schema',
      { 'agents.yaml': yaml('b', "plain: { workflowType: W, taskQueue: q }\n    input: { type: 'text' }") },
      'input',
      /agents\.yaml: agent "b": input: /,
    ],
    [
      'a code of a folder in a file',
      {
        'b/agent.ts': agent('b'),
        'b/workflow.ts': WORKFLOW,
        'agents.yaml': yaml('b', 'plain: { workflowType: W, taskQueue: q }'),
      },
      'code',
      /agents\.yaml: code: "b" is taken by .*b\/agent\.ts/,
    ],
    ['no workflow.ts', { 'a/agent.ts': agent('a') }, 'workflow.ts', /a: workflow\.ts: is missing/],
  ] as [string, Record<string, string>, string, RegExp][])('refuses %s', async (_, files, field, message) => {
    await write(files);
    const error = await failure();
    expect(error.field).toBe(field);
    expect(error.message).toMatch(message);
  });
});

describe('in Node itself, without what tests add', () => {
  it.each(['module', 'commonjs'])('reads TypeScript in a package of type %s', async (type) => {
    await write({
      'package.json': JSON.stringify({ type }),
      'one/agent.ts': `import { label } from './label.ts';\n${agent('one').replace("'N'", 'label')}`,
      'one/label.ts': "export const label: string = 'Number one';",
      'one/workflow.ts': WORKFLOW,
    });
    const loader = pathToFileURL(resolve(import.meta.dirname, '../../src/agents/loader.ts')).href;
    const program = `
      const { loadAgents } = await import(${JSON.stringify(loader)});
      console.log((await loadAgents(${JSON.stringify(root)}))[0].definition.name);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    expect((await promisify(execFile)(process.execPath, args)).stdout).toBe('Number one\n');
  });
});
