import { cp, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageJson } from '../package.ts';
import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode, usageError } from './failure.ts';

const TEMPLATE = fileURLToPath(new URL('../../templates/project', import.meta.url));

/**
 * Writes a working project: an agent, its test, a package whose `npm test` and `npm start` work.
 * @throws CliError (usage) when the folder holds something already.
 */
export async function init({ output }: CommandContext, dir: string): Promise<ExitCode> {
  const folder = resolve(dir);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw usageError(`${dir}: is not empty`);
  await cp(TEMPLATE, folder, { recursive: true });
  // npm leaves a .gitignore out of what it publishes.
  await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(packageOf(folder), null, 2)}\n`);
  output.object({ folder });
  output.text(`Wrote ${dir}. Now:`, `  cd ${dir}`, '  npm install', '  npm test', '  npm start');
  return EXIT.ok;
}

function packageOf(folder: string): object {
  const { name, version, engines, allowScripts, dependencies, devDependencies } = packageJson();
  const as = (of: Record<string, string>, ...names: string[]) =>
    Object.fromEntries(names.map((each) => [each, of[each]]));
  return {
    name:
      basename(folder)
        .toLowerCase()
        .replace(/[^a-z0-9-]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'agents',
    version: '0.1.0',
    private: true,
    type: 'module',
    engines,
    scripts: {
      start: 'agent-host start',
      test: 'node --import tsx --test --test-force-exit test/*.test.ts',
      types: 'tsc',
    },
    allowScripts,
    dependencies: { [name]: `^${version}`, ...as(dependencies, 'zod') },
    devDependencies: { ...as(dependencies, 'tsx'), ...as(devDependencies, '@types/node', 'typescript') },
  };
}
