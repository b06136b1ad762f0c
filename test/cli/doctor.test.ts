import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../src/cli/doctor/host.ts';
import { checkDataDir, checkNode } from '../../src/cli/doctor/local.ts';
import { checkDatabase, checkTemporal } from '../../src/cli/doctor/services.ts';
import { examineSettings, maskSecret } from '../../src/cli/doctor/settings.ts';
import { readConfig } from '../../src/config.ts';
import { runProgram } from './run-cli.ts';
import { startStubHost } from './stub-host.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-host-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('settings', () => {
  it('tell where each value comes from', () => {
    const { settings, check } = examineSettings({ PORT: '9', HOST: '', TEMPORAL_API_KEY: 'tk' });
    const byName = Object.fromEntries(settings.map((setting) => [setting.name, setting]));
    expect(check.result).toBe('ok');
    expect(byName.PORT).toEqual({ name: 'PORT', value: '9', source: 'env' });
    expect(byName.HOST).toEqual({ name: 'HOST', value: '127.0.0.1', source: 'default' });
    expect(byName.DATABASE_URL).toEqual({ name: 'DATABASE_URL', source: 'unset' });
    expect(byName.TEMPORAL_API_KEY?.value).toBe('***');
  });

  it('name the wrong one and keep its secret', () => {
    const { check, config } = examineSettings({ DATABASE_URL: 'mysql://me:hidden@db/x' });
    expect(config).toBeUndefined();
    expect(check).toMatchObject({ result: 'wrong', detail: expect.stringContaining('DATABASE_URL') });
    expect(check.detail).not.toContain('hidden');
  });

  it.each([
    ['TEMPORAL_API_KEY', 'abc', '***'],
    ['TEMPORAL_TLS_CLIENT_KEY_PATH', '/k.pem', '/k.pem'],
    ['DATABASE_URL', 'postgres://me:p@ss@db:5/x?y=1', 'postgres://me:***@db:5/x?y=1'],
    ['DATABASE_URL', 'postgres://db/x?sslpassword=s&y=1', 'postgres://db/x?sslpassword=***&y=1'],
    ['DATABASE_URL', 'postgres://db:5432/x', 'postgres://db:5432/x'],
    ['HOST', '127.0.0.1', '127.0.0.1'],
  ])('%s %s', (name, value, shown) => expect(maskSecret(name, value)).toBe(shown));
});

describe('what a host stands on', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['20.18.3', 'wrong'],
    ['18.20.0', 'wrong'],
  ])('Node.js %s is %s', (version, result) => expect(checkNode(version, '>=20.19').result).toBe(result));

  it('a folder that is there, one to be made, and none', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect((await checkDataDir(folder)).result).toBe('ok');
    expect((await checkDataDir(join(folder, 'a', 'b'))).detail).toContain('will be made');
    expect((await checkDataDir(file)).result).toBe('wrong');
    expect((await checkDataDir(join(file, 'below'))).result).toBe('wrong');
  });

  it('a database and a Temporal that do not answer', async () => {
    const database = await checkDatabase('postgres://me:hidden@127.0.0.1:1/x');
    expect(database).toMatchObject({ result: 'wrong', detail: expect.stringContaining('ECONNREFUSED') });
    expect(database.detail).not.toContain('hidden');
    const temporal = await checkTemporal(readConfig({ TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    expect(temporal).toMatchObject({ result: 'wrong', detail: expect.stringContaining('127.0.0.1:1') });
  });

  it('a TEMPORAL_CLI that is none', async () => {
    const check = await checkTemporal(readConfig({ TEMPORAL_CLI: '/no/such/temporal' }));
    expect(check).toMatchObject({ result: 'wrong', detail: expect.stringContaining('TEMPORAL_CLI') });
  });
});

describe('the host', () => {
  it('that is ready', async () => {
    const host = await startStubHost();
    const checks = await checkHost({ url: host.url, expected: true });
    expect(checks.map(({ name, result }) => `${result} ${name}`)).toEqual([
      'ok host',
      'ok host: database',
      'ok host: temporal',
      'ok host: worker',
    ]);
    await host.close();
  });

  it('that is not ready', async () => {
    const host = await startStubHost({ ready: false });
    const wrong = (await checkHost({ url: host.url, expected: true })).filter(
      ({ result }) => result === 'wrong',
    );
    expect(wrong).toMatchObject([
      { name: 'host' },
      { name: 'host: temporal', detail: 'Temporal does not answer' },
    ]);
    await host.close();
  });

  it('that is not running is wrong only where one was said to be', async () => {
    const question = { url: 'http://127.0.0.1:1' };
    expect((await checkHost({ ...question, expected: false }))[0]?.result).toBe('note');
    expect((await checkHost({ ...question, expected: true }))[0]?.result).toBe('wrong');
  });
});

describe('agent-host doctor', () => {
  it('fails with a mark at what is wrong and what to do', async () => {
    const env = { DATABASE_URL: 'postgres://me:hidden@127.0.0.1:1/x', TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const { code, stdout } = await runProgram(['doctor'], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ database: .*ECONNREFUSED.*\n {4}\S/m);
    expect(stdout).toMatch(/^✗ Temporal: /m);
    expect(stdout).toMatch(/^✓ configuration: /m);
    expect(stdout).not.toContain('hidden');
  });

  it('prints one object with --json, also when a setting is wrong', async () => {
    const { code, stdout } = await runProgram(['doctor', '--json'], { env: { PORT: 'many' } });
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report.ok).toBe(false);
    expect(report.settings).toContainEqual({ name: 'PORT', value: 'many', source: 'env' });
    expect(report.checks).toContainEqual(
      expect.objectContaining({
        name: 'configuration',
        result: 'wrong',
        detail: expect.stringContaining('PORT'),
      }),
    );
  });
});
