import type { GuardedSurface, RouteAccess } from '../auth/guard.ts';
import { refusalBody } from './answers.ts';

export const GATEWAY_PATH = '/v1';

const CALLS: RouteAccess[] = [
  { method: 'post', path: '/agents/:agent_id/invoke', needs: 'agents:invoke' },
  { method: 'post', path: '/agents/:agent_id/invoke-async', needs: 'agents:invoke' },
  { method: 'post', path: '/agents/:agent_id/check', needs: 'agents:invoke' },
  { method: 'post', path: '/agents/:agent_id/tasks/list', needs: 'agents:invoke' },
  { method: 'post', path: '/agents/:agent_id/tasks/:task_id/get', needs: 'agents:invoke' },
  { method: 'post', path: '/agents/:agent_id/tasks/:task_id/cancel', needs: 'agents:invoke' },
  { method: 'post', path: '/agents/:agent_id/tasks/:task_id/subscribe', needs: 'agents:invoke' },
];

const RECEIPTS: RouteAccess[] = [
  { method: 'get', path: '/receipts', needs: 'receipts:read' },
  { method: 'get', path: '/receipts/checkpoint', needs: 'receipts:read' },
  { method: 'get', path: '/receipts/export', needs: 'admin' },
  { method: 'get', path: '/receipts/:receipt_id', needs: 'receipts:read' },
  { method: 'get', path: '/receipts/:receipt_id/verifications', needs: 'receipts:read' },
  { method: 'post', path: '/receipts/:receipt_id/verify', needs: 'admin' },
  { method: 'post', path: '/verifier/run', needs: 'admin' },
];

const REGISTRY: RouteAccess[] = [
  { method: 'get', path: '/agents', needs: 'agents:read' },
  { method: 'get', path: '/agents/:agent_id', needs: 'agents:read' },
  { method: 'post', path: '/agents', needs: 'admin', audited: true },
  { method: 'delete', path: '/agents/:agent_id', needs: 'admin', audited: true },
  { method: 'get', path: '/providers', needs: 'agents:read' },
  { method: 'post', path: '/providers', needs: 'admin', audited: true },
  { method: 'post', path: '/providers/:provider_id/revoke', needs: 'admin', audited: true },
  { method: 'post', path: '/admin/providers/:provider_id/block', needs: 'admin', audited: true },
  { method: 'post', path: '/admin/providers/:provider_id/unblock', needs: 'admin', audited: true },
  { method: 'post', path: '/admin/agents/:agent_id/block', needs: 'admin', audited: true },
  { method: 'post', path: '/admin/agents/:agent_id/unblock', needs: 'admin', audited: true },
];

const ADMIN: RouteAccess[] = [
  { method: 'get', path: '/admin/keys', needs: 'admin' },
  { method: 'post', path: '/admin/keys', needs: 'admin', audited: true },
  { method: 'post', path: '/admin/keys/:key_id/revoke', needs: 'admin', audited: true },
  { method: 'get', path: '/admin/audit', needs: 'admin' },
  { method: 'post', path: '/admin/callers/:caller_id/export', needs: 'admin' },
  { method: 'post', path: '/admin/callers/:caller_id/erase', needs: 'admin', audited: true },
  { method: 'get', path: '/admin/agents', needs: 'admin' },
  { method: 'post', path: '/admin/agents', needs: 'admin', audited: true },
  { method: 'delete', path: '/admin/agents/:agent_id', needs: 'admin', audited: true },
];

const OVERVIEW: RouteAccess[] = [
  { method: 'get', path: '/tasks', needs: 'agents:invoke' },
  { method: 'get', path: '/tasks/events', needs: 'agents:invoke' },
  { method: 'get', path: '/tasks/:task_id/timeline', needs: 'agents:invoke' },
  { method: 'get', path: '/admin/stats', needs: 'admin' },
];

const AUTH_CONTEXTS: RouteAccess[] = [
  { method: 'get', path: '/auth-contexts', needs: 'agents:invoke' },
  { method: 'post', path: '/auth-contexts', needs: 'agents:invoke' },
  { method: 'delete', path: '/auth-contexts/:auth_context_id', needs: 'agents:invoke' },
];

const CALLER: RouteAccess[] = [{ method: 'get', path: '/me', needs: 'caller' }];

/** What the gateway facade asks of its callers. */
export const GATEWAY_ACCESS: GuardedSurface = {
  path: GATEWAY_PATH,
  routes: [...CALLS, ...RECEIPTS, ...REGISTRY, ...AUTH_CONTEXTS, ...ADMIN, ...CALLER, ...OVERVIEW],
  body: refusalBody,
};
