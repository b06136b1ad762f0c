import type { GuardedSurface, RouteAccess } from '../auth/guard.ts';
import { restErrorBody } from './error-status.ts';
import { RPC, rpcError } from './errors.ts';
import { failure } from './json-rpc.ts';
import { OPERATIONS } from './rest-routes.ts';

const CARDS: RouteAccess[] = [
  { method: 'get', path: '/:code/.well-known/agent.json', needs: 'optional' },
  { method: 'get', path: '/:code/.well-known/agent-card.json', needs: 'optional' },
];

export const SEARCH: RouteAccess[] = [{ method: 'post', path: '/agents/search', needs: 'agents:read' }];

const RPC_CALLS: RouteAccess[] = [
  { method: 'post', path: '/:code', needs: 'agents:invoke' },
  { method: 'post', path: '/:code/stream', needs: 'agents:invoke' },
];

const REST_CALLS: RouteAccess[] = [
  ...OPERATIONS.map(
    ({ verb, path }): RouteAccess => ({ method: verb, path: `/:code/rest${path}`, needs: 'agents:invoke' }),
  ),
  // What is no operation is told so, in the surface's own words.
  { method: 'all', path: '/:code/rest/*path', needs: 'agents:invoke' },
];

const PUSH: RouteAccess[] = [
  { method: 'get', path: '/:code/tasks/:taskId/deliveries', needs: 'agents:invoke' },
];

const FILES: RouteAccess[] = [{ method: 'get', path: '/files/:id{/:filename}', needs: 'agents:invoke' }];

/** What the agent surface at this path asks of its callers. */
export const agentSurfaceAccess = (path: string): GuardedSurface[] => [
  { path, routes: [...CARDS, ...SEARCH] },
  { path, routes: RPC_CALLS, body: rpcRefusal },
  { path, routes: REST_CALLS, body: restRefusal },
  { path, routes: [...FILES, ...PUSH] },
];

/** Beside the plain form a JSON-RPC error, for clients that look into the body; credentials are HTTP's alone. */
function rpcRefusal(status: number, message: string): object {
  const plain = { message, status };
  return status === 401 ? plain : { ...failure(null, rpcError(RPC.refused, message)), ...plain };
}

const restRefusal = (status: number, message: string): object =>
  restErrorBody({ code: RPC.refused, message }, status);
