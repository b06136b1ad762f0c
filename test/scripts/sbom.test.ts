import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { sbom } from '../../scripts/sbom.ts';
import type { Wire } from '../support/rpc.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lock: Record<string, Wire> = JSON.parse(read('package-lock.json')).packages;
let bill: Wire;

beforeAll(async () => {
  bill = JSON.parse(await sbom());
}, 60_000);

it('is of this package, in CycloneDX', () => {
  const { bomFormat, metadata } = bill;
  const { name, version } = manifest;
  expect(bomFormat).toBe('CycloneDX');
  expect(metadata.component).toMatchObject({ name, version, type: 'application' });
});

it('names what is installed with it, each in the version of the lockfile, and nothing of development', () => {
  const named = bill.components.map(({ name, version }: Wire) => `${name}@${version}`);
  const installed = Object.entries(lock).filter(([path, { dev }]) => path !== '' && !dev);
  const wanted = installed.map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`);
  expect(new Set(named)).toEqual(new Set(wanted));
  for (const name of Object.keys(manifest.dependencies))
    expect(named).toContain(`${name}@${lock[`node_modules/${name}`]?.version}`);
});

it('tells licences and digests', () => {
  const jose = bill.components.find(({ name }: Wire) => name === 'jose');
  expect(jose).toMatchObject({
    purl: expect.stringMatching(/^pkg:npm\/jose@/),
    hashes: [{ alg: 'SHA-512' }],
  });
  expect(jose.licenses).toEqual([{ license: { id: 'MIT' } }]);
});

it('goes with the package and with the image', () => {
  expect(manifest.scripts.prepack).toBe('npm run sbom');
  expect(manifest.files).toContain('dist');
  expect(read('Dockerfile')).toMatch(/^COPY scripts\/sbom\.ts scripts\/$[\s\S]*^RUN .*npm run sbom/m);
  execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root });
  expect(JSON.parse(read('dist/sbom.cdx.json')).components).toHaveLength(bill.components.length);
});

it('every package of the image has an exact version and a digest in the lockfile', () => {
  const { dependencies, devDependencies } = manifest;
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  const isFor = (listed: string[] | undefined, ...ours: string[]) =>
    listed === undefined || ours.some((each) => listed.includes(each));
  const installed = Object.entries(lock).filter(
    ([path, { os, cpu, libc }]) =>
      path !== '' && isFor(os, 'linux') && isFor(cpu, 'x64', 'arm64') && isFor(libc, 'glibc'),
  );
  expect(installed.filter(([, { integrity }]) => !integrity).map(([path]) => path)).toEqual([]);
});
