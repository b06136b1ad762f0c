import { pathToFileURL } from 'node:url';
import { HostError, messageOf } from '../errors.ts';

export interface ActivitySource {
  definition: { code: string };
  activitiesFile?: string;
}

/**
 * The activities of all agents, by name. A worker knows them by their names alone.
 * @throws HostError `config` when a file cannot be loaded or two agents use one name.
 */
export async function loadActivities(
  sources: readonly ActivitySource[],
): Promise<Record<string, (...args: never[]) => unknown>> {
  const owners = new Map<string, string>();
  const activities: Record<string, (...args: never[]) => unknown> = {};
  for (const { definition, activitiesFile } of sources) {
    if (activitiesFile === undefined) continue;
    for (const [name, value] of Object.entries(await load(activitiesFile))) {
      if (typeof value !== 'function') continue;
      const owner = owners.get(name);
      if (owner !== undefined) {
        throw new HostError('config', `agents ${owner} and ${definition.code} both have an activity ${name}`);
      }
      owners.set(name, definition.code);
      activities[name] = value as (...args: never[]) => unknown;
    }
  }
  return activities;
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new HostError('config', `${file} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
}
