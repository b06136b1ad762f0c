import { homedir } from 'node:os';
import { join } from 'node:path';

/** What may be fetched or made again at any time: outside DATA_DIR, so that a new one has no need to. */
export function cacheDir(env: Readonly<Record<string, string | undefined>>): string {
  const root = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  return join(root, 'workflow-agent-host');
}
