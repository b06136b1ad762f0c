import { agentSurfaceAccess } from './a2a/access.ts';
import { SEARCH_DESCRIBED } from './a2a/operations.ts';
import { AGENT_SURFACE_PATH } from './agents/cards.ts';
import type { GuardedSurface } from './auth/guard.ts';
import { RESOURCE_METADATA_PATH } from './auth/oidc/resource-metadata.ts';
import { GATEWAY_ACCESS } from './gateway/access.ts';
import { GATEWAY_DESCRIBED } from './gateway/operations.ts';
import { INVOKE_ACCESS } from './invoke/access.ts';
import { INVOKE_DESCRIBED } from './invoke/operations.ts';
import { MCP_ACCESS, MCP_PATH } from './mcp/access.ts';
import type { DescribedSurface } from './openapi/operation.ts';

/** What the host's own routes ask. */
const HOST: GuardedSurface = {
  path: '/',
  routes: [
    { method: 'get', path: '/', needs: 'public' },
    { method: 'get', path: '/assets/:file', needs: 'public' },
    { method: 'get', path: '/console.json', needs: 'public' },
    { method: 'get', path: '/healthz', needs: 'public' },
    { method: 'get', path: '/readyz', needs: 'optional', soon: true },
    { method: 'get', path: '/metrics', needs: 'admin', always: true },
    { method: 'get', path: '/openapi.json', needs: 'public' },
    { method: 'get', path: '/docs', needs: 'public' },
    { method: 'get', path: '/.well-known/jwks.json', needs: 'public' },
    // Where an issuer is configured.
    { method: 'get', path: RESOURCE_METADATA_PATH, needs: 'public' },
    { method: 'get', path: `${RESOURCE_METADATA_PATH}${MCP_PATH}`, needs: 'public' },
    { method: 'get', path: '/.well-known/agent.json', needs: 'optional' },
    { method: 'get', path: '/.well-known/agent-card.json', needs: 'optional' },
  ],
};

/** Every route the host serves, with what it asks of its caller. What is not here is not reached. */
export const SURFACES: readonly GuardedSurface[] = [
  HOST,
  ...agentSurfaceAccess(AGENT_SURFACE_PATH),
  GATEWAY_ACCESS,
  INVOKE_ACCESS,
  MCP_ACCESS,
];

/** @param dpopOnly whether the invoke facade takes tokens bound by DPoP and no other credential. */
export const surfacesFor = (dpopOnly: boolean): GuardedSurface[] =>
  SURFACES.map((surface) => (surface === INVOKE_ACCESS ? { ...surface, dpopOnly } : surface));

/** What `/openapi.json` describes: the surfaces that no protocol does. */
export const DESCRIBED: readonly DescribedSurface[] = [SEARCH_DESCRIBED, INVOKE_DESCRIBED, GATEWAY_DESCRIBED];
