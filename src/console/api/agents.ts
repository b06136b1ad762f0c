import { hostFetch, hostUrl, request } from './http.ts';

/** Where the agent surface is. */
const SURFACE = 'orchestrator/a2a/v1';

/** What the console itself speaks, of what cards name. */
export const AGENT_BINDING = 'JSONRPC';

interface Skill {
  id: string;
  name: string;
  description: string;
  tags: string[];
  examples?: string[];
}

export interface Review {
  risk_level: 'low' | 'medium' | 'high';
  human_approval_required: boolean;
  allowed_regions: string[];
  cost_per_call_units: number;
  data_classes: string[];
}

/** An agent as the gateway's registry has it. */
export interface Agent {
  agent_id: string;
  provider_id: string;
  name: string;
  description: string;
  version: string;
  skills: Skill[];
  kind: 'workflow' | 'remote';
  status: 'active' | 'blocked' | 'revoked' | 'draining';
  review: Review;
  card_url?: string;
  card_signed?: boolean;
  health?: {
    last_seen_at: string | null;
    latency_ms: number | null;
    success_rate: number | null;
    card_problem: string | null;
  };
}

/** The fields of an agent's card that the console shows (A2A v1.0 §4.4.1). */
export interface Card {
  name: string;
  description: string;
  version: string;
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: Skill[];
  capabilities: { extensions?: { uri: string; params?: Record<string, unknown> }[] };
  securitySchemes?: Record<string, Record<string, unknown>>;
  supportedInterfaces: { url: string; protocolBinding: string; protocolVersion: string }[];
  signatures?: { protected: string; signature: string }[];
}

interface AgentPage {
  agents: Agent[];
  next_cursor: string | null;
}

const PAGE = 200;

/** Every agent that the caller may see. */
export async function allAgents(signal: AbortSignal): Promise<Agent[]> {
  const found: Agent[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { cursor }) });
    const page: AgentPage = await request<AgentPage>(`v1/agents?${query}`, { signal });
    found.push(...page.agents);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

export const oneAgent = (code: string, signal: AbortSignal): Promise<Agent> =>
  request<Agent>(`v1/agents/${encodeURIComponent(code)}`, { signal });

/** The ids of the agents that match, the best first. */
export async function searchAgents(query: string, signal: AbortSignal): Promise<string[]> {
  const { resources } = await request<{ resources: { id: string }[] }>(`${SURFACE}/agents/search`, {
    body: { query, top: 100 },
    signal,
  });
  return resources.map(({ id }) => id);
}

export interface Readiness {
  status: string;
  checks: Record<string, { ok: boolean; error?: string }>;
}

/** How the host does; what is wrong comes in the same words, with a 503. */
export async function readiness(signal: AbortSignal): Promise<Readiness> {
  const response = await hostFetch(hostUrl('readyz'), { signal });
  return response.json();
}

const agentPath = (code: string): string => `${SURFACE}/${encodeURIComponent(code)}`;

export const agentUrl = (code: string): string => hostUrl(agentPath(code));

export const readCard = (code: string, signal?: AbortSignal): Promise<Card> =>
  request<Card>(`${agentPath(code)}/.well-known/agent-card.json`, {
    headers: { 'A2A-Version': '1.0' },
    ...(signal && { signal }),
  });

const INPUT_SCHEMA = 'https://workflow-agent-host.dev/extensions/input-schema/v1';

/** The JSON Schema of what the agent takes as data, when it declares one. */
export function inputSchemaOf({ capabilities }: Card): Record<string, unknown> | undefined {
  const declared = capabilities.extensions?.find(({ uri }) => uri === INPUT_SCHEMA)?.params?.schema;
  return typeof declared === 'object' && declared !== null
    ? (declared as Record<string, unknown>)
    : undefined;
}
