import type { GuardedSurface } from '../auth/guard.ts';

export const MCP_PATH = '/mcp';

/** What the MCP endpoint asks of its callers. There are no streams to be opened and no sessions to be ended: 405. */
export const MCP_ACCESS: GuardedSurface = {
  path: '/',
  routes: [
    { method: 'post', path: MCP_PATH, needs: 'agents:invoke' },
    { method: 'get', path: MCP_PATH, needs: 'agents:invoke' },
    { method: 'delete', path: MCP_PATH, needs: 'agents:invoke' },
  ],
};
