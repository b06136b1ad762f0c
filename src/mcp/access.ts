import type { GuardedSurface } from '../auth/guard.ts';
import { RESOURCE_METADATA_PATH } from '../auth/oidc/resource-metadata.ts';

export const MCP_PATH = '/mcp';

/** What the MCP endpoint asks of its callers. There are no sessions to be ended: 405. */
export const MCP_ACCESS: GuardedSurface = {
  path: '/',
  metadata: `${RESOURCE_METADATA_PATH}${MCP_PATH}`,
  routes: [
    { method: 'post', path: MCP_PATH, needs: 'agents:invoke' },
    { method: 'get', path: MCP_PATH, needs: 'agents:invoke' },
    { method: 'delete', path: MCP_PATH, needs: 'agents:invoke' },
  ],
};
