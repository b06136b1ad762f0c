import type { GuardedSurface } from '../auth/guard.ts';

export const INVOKE_PATH = '/v1/a2a';

/** What the invoke facade asks of its callers. */
export const INVOKE_ACCESS: GuardedSurface = {
  path: INVOKE_PATH,
  routes: [
    { method: 'post', path: '/invoke', needs: 'agents:invoke' },
    { method: 'get', path: '/tasks', needs: 'agents:invoke' },
    { method: 'get', path: '/tasks/:id', needs: 'agents:invoke' },
    { method: 'get', path: '/tasks/:id/stream', needs: 'agents:invoke' },
    { method: 'post', path: '/tasks/:id/cancel', needs: 'agents:invoke' },
  ],
};
