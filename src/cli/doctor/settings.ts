import { type Config, configSchema, readConfig } from '../../config.ts';
import { fileOf } from '../../config-files.ts';
import { messageOf } from '../../errors.ts';
import { type Check, ok, wrong } from './check.ts';

export interface Setting {
  name: string;
  /** Absent when nothing is set and there is no default. Secrets are masked. */
  value?: string;
  source: 'env' | 'file' | 'default' | 'unset';
}

export interface Settings {
  settings: Setting[];
  check: Check;
  /** Undefined when a setting is wrong. */
  config: Config | undefined;
}

type Env = Record<string, string | undefined>;

/** Every setting with its value and where that comes from, and whether a host would start with them. */
export function examineSettings(env: Env): Settings {
  const settings = describeSettings(env);
  try {
    const config = readConfig(env);
    return { settings, config, check: ok('configuration', 'every setting is valid') };
  } catch (error) {
    const check = wrong('configuration', maskAll(messageOf(error), env), 'Correct or unset it.');
    return { settings, config: undefined, check };
  }
}

function describeSettings(env: Env): Setting[] {
  const defaults: Record<string, unknown> = readConfig({});
  return Object.keys(configSchema.shape).map((name): Setting => {
    const given = env[name];
    if (given !== undefined && given !== '') return { name, value: maskSecret(name, given), source: 'env' };
    const path = fileOf(env, name);
    if (path !== undefined) return { name, value: path, source: 'file' };
    const value = defaults[name];
    return value === undefined
      ? { name, source: 'unset' }
      : { name, value: String(value), source: 'default' };
  });
}

// A path to a key is no secret.
const SECRET = /(KEY|SECRET|TOKEN|PASSWORD|OTLP_HEADERS)$/;

/** `***` for a secret; a URL loses only its password. */
export function maskSecret(name: string, value: string): string {
  if (SECRET.test(name)) return '***';
  return value.replace(/(:\/\/[^/?#@:]*:).*@/, '$1***@').replace(/([?&][^=&]*password=)[^&]*/gi, '$1***');
}

/** A message may quote the value it complains of. */
function maskAll(message: string, env: Env): string {
  return Object.keys(configSchema.shape).reduce((text, name) => {
    const value = env[name];
    if (value === undefined || value === '') return text;
    // Quoted as JSON, in which some characters look different.
    return text.replaceAll(JSON.stringify(value), JSON.stringify(maskSecret(name, value)));
  }, message);
}
