import type { AgentAccess } from '../agents/access.ts';
import type { AgentDefinition, AgentSkill } from '../agents/definition.ts';
import type { ReviewProfile } from '../agents/review.ts';
import type { PolicyProvider } from '../policy/decide.ts';

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
  /** A workflow of this host. */
  definition: AgentDefinition;
}

/** The agents that are published. */
export interface GatewayAgents {
  find(agentId: string): Promise<GatewayAgent | undefined>;
}

/** What is switched off, and by that no agent is called. */
export interface Switches {
  /** At most a second old. */
  of(agent: Pick<GatewayAgent, 'agentId' | 'providerId'>): Promise<{
    agentBlocked: boolean;
    provider: PolicyProvider;
  }>;
}

/** Who offers the agents of this host, unless it is said. */
export const LOCAL_PROVIDER = 'local';
