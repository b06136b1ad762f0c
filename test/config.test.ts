import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { configSchema, readConfig } from '../src/config.ts';

const SETTINGS = Object.keys(configSchema.shape);

test('nothing set is a host on loopback with everything embedded', () => {
  expect(readConfig({})).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8042,
    DATA_DIR: '.data',
    ROLE: 'all',
    WORKFLOWS: 'workflows',
    CARD_VERSION: '1.0',
    SEND_WAIT: 30,
    MAX_BODY: 33_554_432,
    TEMPORAL_NAMESPACE: 'default',
    LOG_LEVEL: 'info',
  });
  for (const absent of ['PUBLIC_URL', 'DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_API_KEY', 'TEMPORAL_CLI'])
    expect(readConfig({})).not.toHaveProperty(absent);
});

test.each(SETTINGS)('%s as an empty string is unset', (name) => {
  for (const empty of ['', ' ']) expect(readConfig({ [name]: empty })).toEqual(readConfig({}));
});

test.each(SETTINGS)('%s is described for its operator', (name) => {
  const { description } = configSchema.shape[name as keyof typeof configSchema.shape];
  expect(description).toMatch(/\S{3}.*\.$/s);
});

test('what is not a setting of ours is not read', () => {
  expect(readConfig({ PATH: '/bin', NODE_ENV: 'x' })).toEqual(readConfig({}));
});

const TAKEN: [name: string, value: string, read: unknown][] = [
  ['PORT', '0', 0],
  ['PORT', '65535', 65_535],
  ['PUBLIC_URL', 'https://agents.example.com/base', 'https://agents.example.com/base'],
  ['DATABASE_URL', 'postgresql://u:p@db/x', 'postgresql://u:p@db/x'],
  ['DATABASE_URL', 'postgres://db/x', 'postgres://db/x'],
  ['TEMPORAL_ADDRESS', 'temporal.example.com:7233', 'temporal.example.com:7233'],
  ['TEMPORAL_TLS', 'true', true],
  ['TEMPORAL_TLS', '0', false],
  ['SEND_WAIT', '0.5', 0.5],
  ['CARD_VERSION', '0.3', '0.3'],
  ['ROLE', 'worker', 'worker'],
  [
    'CORS_ORIGINS',
    'https://a.example.com, http://localhost:3000',
    ['https://a.example.com', 'http://localhost:3000'],
  ],
  ['METRICS_ADDRESS', '0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
  ['METRICS_ADDRESS', '[::1]:0', { host: '::1', port: 0 }],
  ['TRUST_PROXY', '2', 2],
  ['TRUST_PROXY', 'loopback, 10.0.0.0/8, ::1', ['loopback', '10.0.0.0/8', '::1']],
  ['PUSH_ALLOW', ' localhost, 10.0.0.0/8,', ['localhost', '10.0.0.0/8']],
];

test.each(TAKEN)('%s=%s is read as %j', (name, value, read) => {
  expect(readConfig({ [name]: value })).toMatchObject({ [name]: read });
});

const REFUSED: [name: string, value: string][] = [
  ['CORS_ORIGINS', 'a.example.com'],
  ['CORS_ORIGINS', 'https://a.example.com/path'],
  ['METRICS_ADDRESS', '9464'],
  ['METRICS_ADDRESS', ':9464'],
  ['METRICS_ADDRESS', '127.0.0.1:x'],
  ['METRICS_ADDRESS', '127.0.0.1:65536'],
  ['TRUST_PROXY', 'true'],
  ['TRUST_PROXY', '10.0.0.0/33'],
  ['GATEWAY_SECRET_KEY', 'short'],
  ['GATEWAY_SECRET_KEY', `${'a'.repeat(32)},short`],
  ['PORT', 'http'],
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['PUBLIC_URL', 'agents.example.com'],
  ['PUBLIC_URL', 'ftp://agents.example.com'],
  ['PUBLIC_URL', 'https://user:secret@agents.example.com'],
  ['AUTH_ISSUER', 'https://user:secret@login.example.com'],
  ['DATABASE_URL', 'mysql://user:hunter2@db/x'],
  ['DATABASE_URL', 'user:hunter2@db'],
  ['TEMPORAL_ADDRESS', 'temporal.example.com'],
  ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
  ['TEMPORAL_TLS', 'maybe'],
  ['ROLE', 'client'],
  ['CARD_VERSION', '2.0'],
  ['SEND_WAIT', '0'],
  ['SEND_WAIT', 'long'],
  ['SEND_WAIT', '-1'],
  ['SEND_WAIT', '1e10'],
  ['MAX_BODY', '1.5'],
  ['MAX_BODY', '0'],
  ['LOG_LEVEL', 'loud'],
];

test.each(REFUSED)('%s=%j is refused on one line that names it', (name, value) => {
  let refusal: unknown;
  try {
    readConfig({ [name]: value });
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ code: 'config', field: name });
  const { message } = refusal as Error;
  expect(message).toMatch(new RegExp(`^${name}: .+$`));
  // A password is not repeated.
  expect(message).not.toContain('hunter2');
});

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-host-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (text: string): string => {
    const path = join(folder, crypto.randomUUID());
    writeFileSync(path, text);
    return path;
  };
  const URL_TEXT = 'postgresql://u:p@db/x';

  test.each([URL_TEXT, `${URL_TEXT}\n`, `${URL_TEXT}\r\n`])('%j is read from it', (text) => {
    expect(readConfig({ DATABASE_URL_FILE: file(text) }).DATABASE_URL).toBe(URL_TEXT);
  });

  test('of several lines', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----';
    expect(readConfig({ SIGNING_KEY_FILE: file(`${pem}\n`) }).SIGNING_KEY).toBe(pem);
  });

  test.each([
    ['that is not there', { DATABASE_URL_FILE: '/nowhere/x' }, 'cannot read /nowhere/x (ENOENT)'],
    ['that is empty', { DATABASE_URL_FILE: file('\n') }, expect.stringMatching(/ is empty$/)],
    [
      'beside the setting',
      { DATABASE_URL: URL_TEXT, DATABASE_URL_FILE: file(URL_TEXT) },
      'is given beside DATABASE_URL; one of them is enough',
    ],
  ])('%s is refused', (_name, env, problem) => {
    const message = typeof problem === 'string' ? `DATABASE_URL_FILE: ${problem}` : problem;
    expect(() => readConfig(env)).toThrow(
      expect.objectContaining({ code: 'config', field: 'DATABASE_URL_FILE', message }),
    );
  });

  test('what is wrong with its content does not show it', () => {
    expect(() => readConfig({ DATABASE_URL_FILE: file('hidden') })).toThrow(
      /^DATABASE_URL: must be(?!.*hidden)/,
    );
  });

  test('no other setting is read from one, and an empty path is none', () => {
    const others = { PORT_FILE: file('1'), DATABASE_URL_FILE: ' ' };
    expect(readConfig(others)).toEqual(readConfig({}));
  });
});
