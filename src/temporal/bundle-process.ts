/** The child process of bundle.ts: one request, one reply. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type BundleOptions, bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { messageOf } from '../errors.ts';
import type { BundleReply, BundleRequest } from './bundle.ts';
import { INTERCEPTORS, keepBundle, PAYLOADS } from './bundle-cache.ts';
import type { ConverterFiles } from './data-converter.ts';

process.once('message', (message) => {
  void reply(message as BundleRequest).then((answer) => process.send?.(answer));
});
// The host died: nobody waits for the bundle.
process.once('disconnect', () => process.exit(1));

async function reply(request: BundleRequest): Promise<BundleReply> {
  const problems: string[] = [];
  const logger = new DefaultLogger('ERROR', ({ message }) =>
    problems.push(stripVTControlCharacters(message)),
  );
  const begun = Date.now();
  const watched = { files: new Set<string>(), absent: new Set<string>() };
  const folder = await mkdtemp(join(tmpdir(), 'agent-host-bundle-'));
  try {
    const entry = join(folder, 'workflows.mjs');
    const lines = request.workflowFiles.map((file) => `export * from ${JSON.stringify(file)};`);
    await writeFile(entry, lines.join('\n'));
    const { code } = await bundleWorkflowCode({
      workflowsPath: entry,
      workflowInterceptorModules: INTERCEPTORS,
      ...(await writeConverters(folder, request.converters ?? {})),
      logger,
      webpackConfigHook: (config) => {
        // The entry lies outside of any package: Temporal's own code is found where the host's is.
        const modules = [...(config.resolve?.modules ?? []), packagesFolder()];
        const plugins = [...(config.plugins ?? []), watching(watched)];
        return { ...config, plugins, resolve: { ...config.resolve, modules } };
      },
    });
    const bundled = { code, buildId: buildIdOf(code, folder) };
    const [files, absent] = [watched.files, watched.absent].map((paths) =>
      [...paths].filter((path) => !path.startsWith(folder)),
    ) as [string[], string[]];
    await keepBundle(request, bundled, { files, absent, begun });
    return bundled;
  } catch (error) {
    return { error: shorten(problems) || messageOf(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the sandbox reads with: the host's own, around the given. */
async function writeConverters(
  folder: string,
  { payloadConverterPath, failureConverterPath }: ConverterFiles,
): Promise<Required<ConverterFiles>> {
  const write = async (name: 'payloadConverter' | 'failureConverter', made: string, given?: string) => {
    const file = join(folder, `${name}.mjs`);
    const theirs =
      given === undefined
        ? 'const theirs = undefined;'
        : `import { ${name} as theirs } from ${JSON.stringify(given)};`;
    const lines = [
      `import { ${made} } from ${JSON.stringify(PAYLOADS)};`,
      theirs,
      `export const ${name} = ${made}(theirs);`,
    ];
    await writeFile(file, lines.join('\n'));
    return file;
  };
  return {
    payloadConverterPath: await write('payloadConverter', 'readingPayloadConverter', payloadConverterPath),
    failureConverterPath: await write('failureConverter', 'readingFailureConverter', failureConverterPath),
  };
}

type Configuration = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];
type Plugin = NonNullable<Configuration['plugins']>[number];

/** Notes what webpack itself would watch to know when to bundle again. */
const watching = (watched: { files: Set<string>; absent: Set<string> }): Plugin =>
  function watch(compiler) {
    compiler.hooks.done.tap(watch.name, ({ compilation }) => {
      for (const path of compilation.fileDependencies) watched.files.add(path);
      for (const path of compilation.missingDependencies) watched.absent.add(path);
    });
  };

/** The same code has the same id, wherever and whenever it is bundled: without its map and the folder of its entry. */
function buildIdOf(code: string, folder: string): string {
  const [bare = ''] = code.split('\n//# sourceMappingURL=');
  return createHash('sha256')
    .update(bare.replaceAll(basename(folder), ''))
    .digest('hex')
    .slice(0, 16);
}

const packagesFolder = (): string =>
  dirname(dirname(dirname(createRequire(import.meta.url).resolve('@temporalio/workflow/package.json'))));

/** Webpack tells all it made and tried; what went wrong stands in the first lines after its first ERROR. */
function shorten(problems: string[]): string {
  const lines = problems.join('\n').split('\n');
  const first = lines.findIndex((line) => line.startsWith('ERROR'));
  return lines.slice(Math.max(first, 0), Math.max(first, 0) + 12).join('\n');
}
