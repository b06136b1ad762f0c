import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine, programName } from '../../src/cli/context.ts';
import { createOutput } from '../../src/cli/output.ts';
import { type MessageArguments, mediaTypeOf, partsOf } from '../../src/cli/parts.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-parts-'));
  await writeFile(join(folder, 'a.csv'), 'x,y');
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (given: MessageArguments) =>
  (await partsOf(given, async () => '{"from":"stdin"}')).map(({ content, filename, mediaType }) => [
    content?.$case,
    content?.value,
    filename,
    mediaType,
  ]);

describe('the parts of a message', () => {
  const cases: [string, MessageArguments, unknown[]][] = [
    ['text', { text: 'hi' }, [['text', 'hi', '', '']]],
    ['data', { data: '{"a":[1]}' }, [['data', { a: [1] }, '', '']]],
    ['any JSON is data', { data: 'false' }, [['data', false, '', '']]],
    ['data of standard input', { data: '-' }, [['data', { from: 'stdin' }, '', '']]],
    [
      'text comes before data',
      { data: '1', text: 'hi' },
      [
        ['text', 'hi', '', ''],
        ['data', 1, '', ''],
      ],
    ],
  ];
  it.each(cases)('%s', async (_name, given, parts) => expect(await read(given)).toEqual(parts));

  it('a file goes by its name and type', async () => {
    expect(await read({ file: join(folder, 'a.csv') })).toEqual([
      ['raw', Buffer.from('x,y'), 'a.csv', 'text/csv'],
    ]);
  });

  const wrong: [string, () => MessageArguments, RegExp][] = [
    ['nothing', () => ({}), /give a text, --data or --file/],
    ['empty text alone', () => ({ text: '' }), /give a text/],
    ['bad JSON', () => ({ data: '{a}' }), /^--data: not JSON/],
    [
      'no such file',
      () => ({ file: join(folder, 'none') }),
      /^--file: cannot read .*none: there is no such file$/,
    ],
    ['a folder', () => ({ file: folder }), /^--file: cannot read .*: it is a folder$/],
  ];
  it.each(wrong)('%s is a usage error', async (_name, given, message) => {
    await expect(read(given())).rejects.toMatchObject({ exit: 2, message: expect.stringMatching(message) });
  });

  it.each([
    ['notes.MD', 'text/markdown'],
    ['a.b.json', 'application/json'],
    ['binary', 'application/octet-stream'],
  ])('media type of %s', (path, type) => expect(mediaTypeOf(path)).toBe(type));
});

describe('commands to paste', () => {
  it.each([
    ['/usr/local/bin/agent-host', [], 'agent-host'],
    ['/app/dist/main.js', [], 'node dist/main.js'],
    ['/app/src/main.ts', ['--import', 'tsx'], 'node --import tsx src/main.ts'],
  ])('%s', (script, execArgv, name) => expect(programName(['node', script], execArgv, '/app')).toBe(name));

  it('quotes what a shell would read otherwise', () => {
    const context = {
      url: 'http://h:1',
      urlGiven: true,
      program: 'agent-host',
      output: createOutput(process, false),
      env: {},
      readStdin: async () => '',
    };
    expect(commandLine(context, ['send', 'echo', "it's $5"])).toBe(
      `agent-host send echo 'it'\\''s $5' --url http://h:1`,
    );
  });
});
