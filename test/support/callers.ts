import type { Caller } from '../../src/auth/caller.ts';

export const callerNamed = (id: string, scopes: string[] = ['agents:read', 'agents:invoke']): Caller => ({
  id,
  scopes: new Set(scopes),
  how: 'api-key',
});

/** Nothing is limited. */
export const NO_LIMITS = {
  limits: { count: () => undefined, most: Number.POSITIVE_INFINITY },
  streams: {
    open: async (_caller: Caller, _agent: unknown, signal: AbortSignal) => ({
      signal,
      [Symbol.dispose]: () => {},
    }),
  },
};
