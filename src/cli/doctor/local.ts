import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HostError } from '../../errors.ts';
import { packageJson } from '../../package.ts';
import type { SecretSettings } from '../../secrets/keys.ts';
import type { SigningSettings } from '../../signing/settings.ts';
import { type Check, ok, reasonOf, wrong } from './check.ts';

export function checkNode(version = process.versions.node, range = packageJson().engines.node): Check {
  const needed = range.replace(/^[^\d]*/, '');
  if (compareVersions(version, needed) >= 0) return ok('Node.js', version);
  return wrong('Node.js', `${version} is older than ${needed}`, `Install Node.js ${needed} or newer.`);
}

function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) =>
    version.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (const at of [0, 1, 2]) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The folder need not be there yet: then the nearest one above it must let it be made. */
export async function checkDataDir(dataDir: string): Promise<Check> {
  const path = resolve(dataDir);
  const existing = await nearestExisting(path);
  try {
    if (!(await stat(existing)).isDirectory()) throw new Error(`${existing} is not a folder`);
    await access(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    return wrong('DATA_DIR', reasonOf(error), 'Set DATA_DIR to a folder that can be written.');
  }
  return ok(
    'DATA_DIR',
    existing === path ? `${path} can be written` : `${path} will be made at the first start`,
  );
}

async function nearestExisting(path: string): Promise<string> {
  const there = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return there || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** The keys that are given, or must be; those of DATA_DIR are its host's alone. */
export async function checkSigningKey(settings: SigningSettings): Promise<Check | undefined> {
  try {
    const { givenSigningKeys } = await import('../../signing/settings.ts');
    const keys = await givenSigningKeys(settings);
    return keys && ok('SIGNING_KEY', `signs with ${keys.current.kid}`);
  } catch (error) {
    return wrong('SIGNING_KEY', reasonOf(error));
  }
}

/** The key of stored secrets, as far as it is given. */
export async function checkSecretKey(settings: SecretSettings): Promise<Check | undefined> {
  try {
    const { givenSecretBox } = await import('../../secrets/keys.ts');
    return givenSecretBox(settings) && ok('GATEWAY_SECRET_KEY', 'encrypts what is stored');
  } catch (error) {
    return wrong('GATEWAY_SECRET_KEY', reasonOf(error));
  }
}

/** Loads the agents as a start would. */
export async function checkWorkflows(folder: string): Promise<Check> {
  try {
    const { loadAgents } = await import('../../agents/loader.ts');
    const codes = (await loadAgents(folder)).map(({ definition }) => definition.code);
    return ok('WORKFLOWS', `${folder} publishes ${codes.join(', ')}`);
  } catch (error) {
    const hint = error instanceof HostError ? 'Correct it, or set WORKFLOWS to another folder.' : undefined;
    return wrong('WORKFLOWS', reasonOf(error), hint);
  }
}
