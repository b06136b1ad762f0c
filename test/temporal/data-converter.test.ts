import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import { loadConverter } from '../../src/temporal/data-converter.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('without one the SDK’s own, that reads protobuf messages too', async () => {
  const { files, worker, client } = await loadConverter(undefined);
  expect([files, worker]).toEqual([{}, { payloadCodecs: [] }]);
  expect(client).toHaveProperty('payloadConverter');
});

test('codecs and converters are taken as the SDK takes them', async () => {
  const converter = await file(
    'converter.mjs',
    'export const payloadConverter = { toPayload: () => ({ data: "theirs-to" }), fromPayload: () => "theirs-from" };',
  );
  const given = await file(
    'both.mjs',
    `export const payloadCodecs = [{ encode: async (p) => p, decode: async (p) => p }];
     export const payloadConverterPath = ${JSON.stringify(converter)};`,
  );
  const { files, worker, client } = await loadConverter(given);
  expect(files).toEqual({ payloadConverterPath: converter });
  expect(worker).toEqual({ payloadConverterPath: converter, payloadCodecs: [expect.anything()] });
  const { payloadConverter } = client as unknown as { payloadConverter: { fromPayload(p: object): unknown } };
  expect(payloadConverter.fromPayload({})).toBe('theirs-from');
  const { code } = await bundleWorkflows({
    workflowFiles: [await file('workflow.js', 'export const naps = async () => {};')],
    converters: files,
  });
  expect(code).toContain('theirs-from');
});

describe('what is wrong is told by the setting', () => {
  test.each([
    ['nothing', 'export const x = 1;', /exports neither payloadCodecs nor/],
    ['codec', 'export const payloadCodecs = [{ encode() {} }];', /payloadCodecs: must be a list of objects/],
    ['path', 'export const payloadConverterPath = 5;', /payloadConverterPath: must be the path of a module/],
    ['missing', 'export const payloadConverterPath = "./nowhere.mjs";', /nowhere\.mjs cannot be loaded/],
    [
      'other',
      'export const payloadConverterPath = import.meta.filename;',
      /does not export payloadConverter/,
    ],
    ['broken', 'export const = 1;', /cannot be loaded/],
  ])('%s', async (name, text, problem) => {
    const refused = loadConverter(await file(`${name}.mjs`, text));
    await expect(refused).rejects.toMatchObject({ code: 'config', field: 'DATA_CONVERTER' });
    await expect(refused).rejects.toThrow(/^DATA_CONVERTER: /);
    await expect(refused).rejects.toThrow(problem);
  });
});
