import type { Config } from '../../config.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import type { Check } from './check.ts';
import { checkHost } from './host.ts';
import { checkDataDir, checkNode, checkSecretKey, checkSigningKey, checkWorkflows } from './local.ts';
import { checkSearchAttributes } from './search-attributes.ts';
import { checkDatabase, checkTemporal } from './services.ts';
import { examineSettings, type Setting } from './settings.ts';

/** Says what is configured, what can be reached and what is wrong; fails when something is wrong. */
export async function doctor({ env, output, url, urlGiven }: CommandContext): Promise<ExitCode> {
  const { settings, config, check } = examineSettings(env);
  const host = checkHost({ url: urlGiven ? url : ownUrl(config, url), expected: urlGiven });
  const checks = [checkNode(), check, ...(config ? await checkGround(config) : []), ...(await host)];
  const healthy = checks.every(({ result }) => result !== 'wrong');
  output.object({ ok: healthy, settings, checks });
  output.text(...settings.map(settingLine), '', ...checks.flatMap(checkLines));
  output.text('', healthy ? 'Nothing is wrong.' : 'Something is wrong: see ✗.');
  return healthy ? EXIT.ok : EXIT.failed;
}

/** What this configuration's own host would stand on. */
async function checkGround(config: Config): Promise<Check[]> {
  const embedded = config.DATABASE_URL === undefined || config.TEMPORAL_ADDRESS === undefined;
  const checks = await Promise.all([
    checkSigningKey(config),
    checkSecretKey(config),
    ...(embedded ? [checkDataDir(config.DATA_DIR)] : []),
    checkWorkflows(config.WORKFLOWS),
    checkDatabase(config.DATABASE_URL),
    checkTemporal(config),
    checkSearchAttributes(config),
  ]);
  return checks.filter((check) => check !== undefined);
}

const ANYWHERE = new Set(['0.0.0.0', '::', '']);

/** Where a host with this configuration listens; its port is not known when any free one will do. */
function ownUrl(config: Config | undefined, otherwise: string): string {
  if (config === undefined || config.PORT === 0) return otherwise;
  const host = ANYWHERE.has(config.HOST) ? '127.0.0.1' : config.HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${config.PORT}`;
}

function settingLine({ name, value, source }: Setting): string {
  return `${name.padEnd(34)} ${value === undefined ? '(unset)' : `${value} (${source})`}`;
}

const MARKS = { ok: '✓', wrong: '✗', note: '–' } as const;

function checkLines({ name, result, detail, hint }: Check): string[] {
  const line = `${MARKS[result]} ${name}: ${detail}`;
  return hint === undefined ? [line] : [line, `    ${hint}`];
}
