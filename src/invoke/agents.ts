import type { AgentAccess } from '../agents/access.ts';
import type { AgentDefinition } from '../agents/definition.ts';
import type { CalledAgent } from '../calls/call-book.ts';

/** An agent that can be invoked: a workflow of this host. */
export interface InvokedAgent extends CalledAgent {
  /** Who may see it; everybody when absent. */
  access?: AgentAccess;
  definition: AgentDefinition;
}

export interface InvokedAgents {
  /** By its slug or its UUID. */
  find(agentId: string): Promise<InvokedAgent | undefined>;
  /** By its slug, also one that was published: for the tasks of it that ended. */
  known(agentId: string): Promise<InvokedAgent | undefined>;
}
