import type { AgentAccess } from '../agents/access.ts';
import type { AgentDefinition, AgentSkill } from '../agents/definition.ts';
import type { Publisher } from '../agents/published.ts';
import type { ReviewProfile } from '../agents/review.ts';
import type { PolicyProvider } from '../policy/decide.ts';
import type { JsonObject } from '../receipts/receipt.ts';

/** An agent that can be called through the gateway. */
export interface GatewayAgent {
  agentId: string;
  providerId: string;
  name: string;
  description: string;
  version: string;
  skills: AgentSkill[];
  review: ReviewProfile;
  /** Who may see it; everybody when absent. */
  access?: AgentAccess;
  /** One of the two: a workflow of this host, or an agent elsewhere. */
  definition?: AgentDefinition;
  remote?: RemoteAgent;
}

/** An agent elsewhere, as it was published. */
export interface RemoteAgent {
  cardUrl: string;
  /** A2A v1.0, as JSON. */
  card: JsonObject;
  allowPrivate: boolean;
  /** The card is signed, by a key of the card's own origin. */
  signed: boolean;
  health?: AgentHealth;
  /** Absent of one that is about to be published. */
  cardState?: CardState;
}

/** How fresh a card is; times are ISO 8601. */
interface CardState {
  fetchedAt: string;
  /** When it was fetched and was another than before; absent when it never was. */
  changedAt?: string;
  /** Why it is not fetched anew any more, and since when. */
  problem?: { message: string; since: string };
}

interface AgentHealth {
  /** ISO 8601; absent before its first answer. */
  seenAt?: string;
  latencyMs?: number;
  calls: number;
  failures: number;
}

/** The record of agents elsewhere. */
export interface RemoteAgentStore {
  find(agentId: string): Promise<GatewayAgent | undefined>;
  all(): Promise<GatewayAgent[]>;
  /** False when there is one of this id. */
  publish(agent: GatewayAgent & { remote: RemoteAgent }, who: Publisher): Promise<boolean>;
  /** False when there is none of this id. */
  unpublish(agentId: string, who: Publisher): Promise<boolean>;
  /** Counts a call. */
  seen(agentId: string, call: { answered: boolean; ms: number }): Promise<void>;
}

/** The agents that are published. */
export interface GatewayAgents {
  find(agentId: string): Promise<GatewayAgent | undefined>;
  /** The same, or one that was published: for the tasks of it that ended. */
  known(agentId: string): Promise<GatewayAgent | undefined>;
  all(): Promise<GatewayAgent[]>;
}

/** What is switched off, and by that no agent is called. */
export interface SwitchState {
  blockedAgents: ReadonlySet<string>;
  /** All others are neither. */
  providers: ReadonlyMap<string, 'blocked' | 'revoked'>;
}

export interface Switches {
  /** At most a second old. @throws HostError `unavailable` while nothing is known. */
  current(): Promise<SwitchState>;
}

/** The switches of one agent, as policy takes them. */
export function switchesOf(
  { agentId, providerId }: Pick<GatewayAgent, 'agentId' | 'providerId'>,
  { blockedAgents, providers }: SwitchState,
): { agent: { agentId: string; blocked: boolean }; provider: PolicyProvider } {
  const status = providers.get(providerId);
  return {
    agent: { agentId, blocked: blockedAgents.has(agentId) },
    provider: { providerId, blocked: status === 'blocked', revoked: status === 'revoked' },
  };
}

/** Who offers the agents of this host, unless it is said. */
export const LOCAL_PROVIDER = 'local';
