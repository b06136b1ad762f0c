/** The production shape as it is written down: what can be said of it without starting it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema, readConfig } from '../src/config.ts';
import { givenSigningKeys } from '../src/signing/settings.ts';
import type { Wire } from './support/rpc.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const compose: Wire = parse(read('docker-compose.yml'), { merge: true });
const services = Object.entries<Wire>(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);

const copy = mkdtempSync(join(tmpdir(), 'agent-host-compose-'));
beforeAll(() => {
  for (const path of ['docker-compose.yml', 'deploy'])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  execFileSync(join(copy, 'deploy/make-secrets.sh'));
});
afterAll(() => rmSync(copy, { recursive: true }));

describe('docker-compose.yml', () => {
  const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
  it.runIf(hasCompose)('docker compose reads it', () => {
    const { status, stderr } = spawnSync('docker', ['compose', 'config', '--quiet'], { cwd: copy });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  });

  it('has two hosts behind a balancer, two workers, what they stand on and what watches them', () => {
    expect(ours.map(([name]) => name)).toEqual(['host-1', 'host-2', 'worker-1', 'worker-2']);
    expect(services.map(([name]) => name)).toEqual(
      expect.arrayContaining(['balancer', 'postgres', 'temporal', 'temporal-ui', 'prometheus', 'grafana']),
    );
  });

  it.each(services)('%s: health, limits, no powers, ports on loopback alone', (_name, service) => {
    expect(service.healthcheck.test.length).toBeGreaterThan(1);
    expect(service.deploy.resources.limits).toEqual({
      cpus: expect.any(String),
      memory: expect.any(String),
      pids: expect.any(Number),
    });
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.user).toMatch(/^(?!root$|0$)\w+$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it.each(ours)('%s: a read-only root, settings that there are, secrets by file', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, tmpfs: [expect.stringMatching(/^\/tmp/)] });
    const settings = Object.keys(configSchema.shape);
    for (const name of Object.keys(service.environment))
      expect(settings).toContain(name.replace(/_FILE$/, ''));
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });

  it('a host takes a client’s address from the balancer alone', () => {
    expect(compose.services['host-1'].environment.TRUST_PROXY).toBe('$' + '{TRUST_PROXY:-1}');
    expect(configSchema.shape.TRUST_PROXY.parse('1')).toBe(1);
  });

  it('holds no secret itself', () => {
    const given = services.flatMap(([, { environment = {} }]) => Object.entries<string>(environment));
    const secret = given.filter(([name]) => /PASSWORD|KEY|URL_FILE|PWD/.test(name));
    expect(secret.length).toBeGreaterThan(3);
    for (const [, value] of secret) expect(value).toMatch(/^\/run\/secrets\//);
  });

  it('its secrets are those that are made, and a host takes them', async () => {
    const file = (name: string) => join(copy, compose.secrets[name].file);
    const config = readConfig({
      DATABASE_URL_FILE: file('database_url'),
      SIGNING_KEY_FILE: file('signing_key'),
      GATEWAY_SECRET_KEY_FILE: file('gateway_secret_key'),
    });
    expect((await givenSigningKeys(config))?.publicJwks).toHaveLength(1);
    const password = readFileSync(file('postgres_password'), 'utf8').trim();
    expect(new URL(config.DATABASE_URL ?? '').password).toBe(password);
    expect(readFileSync(file('grafana_password'), 'utf8')).toMatch(/\S{20}/);
  });

  it('secrets that are there stay as they are', () => {
    const path = join(copy, compose.secrets.signing_key.file);
    const before = readFileSync(path, 'utf8');
    execFileSync(join(copy, 'deploy/make-secrets.sh'));
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('the balancer and Prometheus know each process', () => {
    const balanced = [...read('deploy/haproxy/haproxy.cfg').matchAll(/^ {2}server (\S+) (\S+):(\d+)/gm)];
    expect(balanced.map(([, name, host, port]) => [name, host, port])).toEqual([
      ['host-1', 'host-1', '8042'],
      ['host-2', 'host-2', '8042'],
      ['any-1', 'host-1', '8042'],
      ['any-2', 'host-2', '8042'],
      ['host-1', 'host-1', '8043'],
      ['host-2', 'host-2', '8043'],
      ['any-1', 'host-1', '8043'],
      ['any-2', 'host-2', '8043'],
    ]);
    const [job] = parse(read('deploy/prometheus/prometheus.yml')).scrape_configs;
    expect(job.static_configs).toEqual([{ targets: ours.map(([name]) => `${name}:9464`) }]);
  });
});
