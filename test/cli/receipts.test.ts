import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExportLine } from '../../src/receipts/export.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { exportOf, jwksOf } from '../support/memory-receipts.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { type Ended, runProgram } from './run-cli.ts';

const keys = await parseSigningKeys(newSigningKey(), 'test');
let folder: string;
let lines: ExportLine[];
let jwks: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-receipts-'));
  lines = await exportOf(keys, { local: 5, other: 2 });
  jwks = await write('jwks.json', JSON.stringify(jwksOf(keys)));
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const writeLines = (name: string, of: readonly unknown[]): Promise<string> =>
  write(name, of.map((line) => `${JSON.stringify(line)}\n`).join(''));

const verify = (...args: string[]): Promise<Ended> => runProgram(['receipts', 'verify', ...args]);

describe.concurrent('agent-host receipts verify', () => {
  it('says that an export is as signed', async () => {
    const file = await writeLines('whole.jsonl', lines);
    expect(await verify(file, '--jwks', jwks)).toEqual({
      code: 0,
      stdout: '7 receipts are as signed, and none is missing.\n',
      stderr: '',
    });
  });

  it('names a receipt of which one byte was changed', async () => {
    const at = 3;
    const changed = JSON.stringify(lines[at]).replace('"echo"', '"ecjo"');
    const text = lines.map((line, index) => (index === at ? changed : JSON.stringify(line))).join('\n');
    const { code, stdout, stderr } = await verify(await write('changed.jsonl', text), '--jwks', jwks);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/found in 7 receipts/) });
    expect(stdout).toContain(receiptIdOf(lines[at]));
    expect(stdout).toMatch(/^signature: .*\(local 3\)/m);
  });

  it('names a missing receipt, as JSON too', async () => {
    const file = await writeLines('missing.jsonl', lines.toSpliced(2, 1));
    const { code, stdout } = await verify(file, '--jwks', jwks, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      receipts: 6,
      findings: [{ kind: 'missing', provider_id: 'local', sequence: 2, receipt_id: receiptIdOf(lines[2]) }],
    });
  });

  it('takes a line that is no JSON for what it is', async () => {
    const text = [...lines.map((line) => JSON.stringify(line)), '{"receipt":'].join('\n');
    const { code, stdout } = await verify(await write('cut.jsonl', text), '--jwks', jwks);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^unreadable: line 9 /);
  });

  it('asks the host for its keys', async () => {
    const server = createServer((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(jwksOf(keys)));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const file = await writeLines('asked.jsonl', lines);
    expect((await verify(file, '--url', url)).code).toBe(0);
    await new Promise((done) => server.close(done));
  });

  it('holds an export against a checkpoint kept from before', async () => {
    const [first] = lines as [{ checkpoint: object }];
    const kept = await write('kept.json', JSON.stringify(first.checkpoint, null, 2));
    // All of one provider's sequence is gone, and its end in the new checkpoint with it.
    const newer = await exportOf(keys, { local: 5 });
    const file = await writeLines('shorter.jsonl', newer);
    expect((await verify(file, '--jwks', jwks)).code).toBe(0);
    const { code, stdout } = await verify(file, '--jwks', jwks, '--checkpoint', kept);
    expect(code).toBe(1);
    expect(stdout).toMatch(/other/);
  });

  it('takes an export of one provider', async () => {
    const only = lines.filter((line) => !('receipt' in line) || line.receipt.provider_id === 'other');
    const file = await writeLines('one.jsonl', only);
    expect((await verify(file, '--jwks', jwks, '--provider', 'other')).stdout).toMatch(/^2 receipts are/);
    expect((await verify(file, '--jwks', jwks)).code).toBe(1);
  });

  it.each([
    ['nothing to verify', [], /Name a file or a receipt, or give --all/],
    ['two things at once', ['x', '--all'], /Name a file or a receipt, or give --all/],
    ['keys that are none', ['FILE', '--jwks', 'FILE'], /--jwks: .* is no JWK set/],
    ['a file of keys that is not there', ['FILE', '--jwks', '/nowhere'], /--jwks: .*ENOENT/],
    ['a checkpoint that is none', ['FILE', '--jwks', 'JWKS', '--checkpoint', 'JWKS'], /holds no checkpoint/],
  ])('%s: exit 2', async (name, args, message) => {
    const file = await writeLines(`${name}.jsonl`, lines);
    const given = args.map((arg) => (arg === 'FILE' ? file : arg === 'JWKS' ? jwks : arg));
    const { code, stderr } = await verify(...given);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });
});

const receiptIdOf = (line: ExportLine | undefined): string =>
  line !== undefined && 'receipt' in line ? line.receipt.receipt_id : '';
