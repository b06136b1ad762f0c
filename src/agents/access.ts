import { z } from 'zod';

/** Who may see and call an agent: callers of these ids, and those with one of these scopes. */
export interface AgentAccess {
  /** As the audit log names them: `key:NAME` of an API key, `ISSUER#SUBJECT` of an access token. */
  callers?: string[];
  scopes?: string[];
}

export const accessSchema = z
  .strictObject({
    callers: z.array(z.string().min(1)).optional(),
    // RFC 6749 §3.3.
    scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'not a scope')).optional(),
  })
  .refine(
    ({ callers, scopes }) => callers !== undefined || scopes !== undefined,
    'names no callers and no scopes',
  );

/** Who looks. */
export interface Viewer {
  id: string;
  scopes: ReadonlySet<string>;
}

/** Sees every agent. */
export const ALL_SEEING_SCOPE = 'admin';

/**
 * Whether an agent is there for a viewer; undefined is one without a credential. To all others it is to be as if
 * there were none.
 */
export function isVisible({ access }: { access?: AgentAccess }, viewer: Viewer | undefined): boolean {
  if (access === undefined) return true;
  if (viewer === undefined) return false;
  const { callers = [], scopes = [] } = access;
  if (viewer.scopes.has(ALL_SEEING_SCOPE) || callers.includes(viewer.id)) return true;
  return scopes.some((scope) => viewer.scopes.has(scope));
}
