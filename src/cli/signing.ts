import { readConfig } from '../config.ts';
import { lockDataDir } from '../embedded/data-dir.ts';
import { rotateKeyFile } from '../signing/key-file.ts';
import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode, usageError } from './failure.ts';

/**
 * Puts a new signing key before the others of DATA_DIR, whose host is stopped.
 * @throws CliError when the keys are those of a setting; HostError `config` when DATA_DIR is in use.
 */
export async function rotateSigningKey({ env, output }: CommandContext): Promise<ExitCode> {
  const { DATA_DIR, DATABASE_URL, SIGNING_KEY } = readConfig(env);
  if (SIGNING_KEY !== undefined || DATABASE_URL !== undefined) {
    throw usageError(
      'SIGNING_KEY: the keys of this host are those of the setting.',
      'Put a new key before the ones it holds, and start the hosts again.',
    );
  }
  const dataDir = await lockDataDir(DATA_DIR);
  try {
    const { current, publicJwks } = await rotateKeyFile(dataDir.path);
    const old = publicJwks.slice(1).map(({ kid }) => kid);
    output.object({ kid: current.kid, old });
    output.text(`The host signs with ${current.kid} from its next start.`);
    output.text(...old.map((kid) => `${kid} stays published.`));
    return EXIT.ok;
  } finally {
    await dataDir.release();
  }
}
