import { request } from './http.ts';

export interface Percentiles {
  count: number[];
  p50_ms: (number | null)[];
  p90_ms: (number | null)[];
  p99_ms: (number | null)[];
}

export interface Statistics {
  from: string;
  to: string;
  step_s: number;
  tasks: Record<string, number[]>;
  queue: Percentiles;
  durations: Percentiles;
  calls: Percentiles;
  refusals: Record<string, number[]>;
  failing: number[];
  now: {
    tasks: { agent_id: string; status: string; count: number; oldest_at: string }[];
    receipts: { running: number; pending: number };
    deliveries: {
      task_id: string;
      agent_id: string;
      host: string;
      failures: number;
      since: string;
      problem: string | null;
    }[];
  };
}

export function statisticsOf(hours: number, signal: AbortSignal): Promise<Statistics> {
  const to = new Date();
  const from = new Date(to.getTime() - hours * 3_600_000);
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
  return request(`v1/admin/stats?${query}`, { signal });
}

export interface Agent {
  agent_id: string;
  provider_id: string;
  name: string;
  kind: 'workflow' | 'remote';
  status: 'active' | 'blocked' | 'revoked' | 'draining';
  review: { risk_level: 'low' | 'medium' | 'high' };
}

export const listAgents = (
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<{ agents: Agent[]; next_cursor: string | null }> =>
  request(`v1/agents?${new URLSearchParams({ limit: '200', ...(cursor && { cursor }) })}`, { signal });

export interface Provider {
  provider_id: string;
  name: string;
  url?: string;
  status: 'active' | 'blocked' | 'revoked';
  created_at: string;
}

export const listProviders = async (signal: AbortSignal): Promise<Provider[]> =>
  (await request<{ providers: Provider[] }>('v1/providers', { signal })).providers;

export const addProvider = (provider: {
  provider_id: string;
  name: string;
  url?: string;
}): Promise<Provider> => request('v1/providers', { body: provider });

export type Turn = 'block' | 'unblock' | 'revoke';

export interface Subject {
  of: 'agents' | 'providers';
  id: string;
}

/** Turns a switch of an agent or a provider. @throws ApiError */
export const turn = ({ of, id }: Subject, change: Turn, reason: string): Promise<unknown> => {
  const place = change === 'revoke' ? `v1/${of}` : `v1/admin/${of}`;
  return request(`${place}/${encodeURIComponent(id)}/${change}`, { body: { reason } });
};

export interface Key {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export const listKeys = async (signal: AbortSignal): Promise<Key[]> =>
  (await request<{ keys: Key[] }>('v1/admin/keys', { signal })).keys;

export const makeKey = (key: {
  name: string;
  scopes: string[];
  expires?: string;
}): Promise<Key & { key: string }> => request('v1/admin/keys', { body: key });

export const revokeKey = (id: string): Promise<Key> =>
  request(`v1/admin/keys/${encodeURIComponent(id)}/revoke`, { method: 'POST', body: {} });

export interface AuthContext {
  auth_context_id: string;
  provider_id: string;
  auth_model: string;
  subject?: string;
  token_preview: string;
  expires_at?: string;
  created_at: string;
}

/** The newest first. */
export const listAuthContexts = async (signal?: AbortSignal): Promise<AuthContext[]> =>
  (await request<{ auth_contexts: AuthContext[] }>('v1/auth-contexts', signal && { signal })).auth_contexts;

export interface NewAuthContext {
  provider_id: string;
  auth_model: string;
  token: string;
  subject?: string;
}

export const storeAuthContext = (context: NewAuthContext): Promise<AuthContext> =>
  request('v1/auth-contexts', { body: context });

export const forgetAuthContext = (id: string): Promise<void> =>
  request(`v1/auth-contexts/${id}`, { method: 'DELETE' });

export interface AuditEntry {
  id: string;
  at: string;
  event: string;
  caller: string | null;
  address: string | null;
  detail: Record<string, unknown>;
}

export async function readAudit(event: string, caller: string, signal: AbortSignal): Promise<AuditEntry[]> {
  const query = new URLSearchParams({ limit: '500', ...(event && { event }), ...(caller && { caller }) });
  return (await request<{ entries: AuditEntry[] }>(`v1/admin/audit?${query}`, { signal })).entries;
}
