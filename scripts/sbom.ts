/**
 * `npm run sbom`: the packages that are installed with this one, as CycloneDX, in `dist/sbom.cdx.json`. npm makes it of
 * the lockfile without what only development needs: its own `--omit dev` leaves out what both need.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Locked {
  dev?: boolean;
  devDependencies?: unknown;
}

/** @throws Error when npm makes none. */
export async function sbom(): Promise<string> {
  const read = async (name: string) => JSON.parse(await readFile(join(root, name), 'utf8'));
  const { name, version, description, license, dependencies } = await read('package.json');
  const lock: { packages: Record<string, Locked> } = await read('package-lock.json');
  const packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => !dev));
  packages[''] = { ...packages[''], devDependencies: undefined };
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-sbom-'));
  try {
    // npm calls the whole by its folder's name.
    const place = join(folder, name);
    await mkdir(place);
    const files = {
      'package.json': { name, version, description, license, dependencies },
      'package-lock.json': { ...lock, packages },
    };
    for (const [file, content] of Object.entries(files))
      await writeFile(join(place, file), JSON.stringify(content));
    const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
    const { stdout } = await promisify(execFile)('npm', args, { cwd: place, maxBuffer: 64_000_000 });
    return stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(join(root, 'dist'), { recursive: true });
  await writeFile(join(root, 'dist/sbom.cdx.json'), await sbom());
}
