/** The host inside of another program: `workflow-agent-host/host`. */
import { type Config, readConfig } from '../config.ts';
import { type Host, startHost } from '../server.ts';

export type { Host } from '../server.ts';

/** The settings of the README's table, as text, numbers or booleans. */
export type HostSettings = { [Name in keyof Config]?: string | number | boolean };

/**
 * Starts a host, or the part of one that `ROLE` names, in this process. The environment is not read.
 * @param progress is told what a first start does that takes its time.
 * @throws an Error with `code` `config` that names the setting, or `unavailable`; nothing is left running.
 */
export function createHost(
  settings: HostSettings = {},
  progress: (line: string) => void = () => {},
): Promise<Host> {
  const given = Object.entries(settings).map(([name, value]) => [name, String(value ?? '')] as const);
  return startHost(readConfig(Object.fromEntries(given)), { progress });
}
