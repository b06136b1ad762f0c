/** What a caller may be allowed. `admin` stands for all of them. */
export const SCOPES = ['agents:read', 'agents:invoke', 'receipts:read', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Who calls. Everything a caller makes belongs to its id, and exists for nobody else. */
export interface Caller {
  /** `local`, `key:NAME` of an API key, or `ISSUER#SUBJECT` of an access token. */
  id: string;
  /** Those of ours and any other that its token carries: an agent's `access` may name them. */
  scopes: ReadonlySet<string>;
  how: 'local' | 'api-key' | 'bearer' | 'dpop';
  /** Whether its credential is still good; for what stays open. @throws HostError `unavailable`. */
  holds?: () => Promise<boolean>;
}

/** The caller on a host that listens on loopback only and knows no credentials. */
export const LOCAL_CALLER: Caller = { id: 'local', scopes: new Set<string>(SCOPES), how: 'local' };

export const isAdmin = ({ scopes }: Pick<Caller, 'scopes'>): boolean => scopes.has('admin');

export const hasScope = (caller: Pick<Caller, 'scopes'>, scope: Scope): boolean =>
  caller.scopes.has(scope) || isAdmin(caller);
