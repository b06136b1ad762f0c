import { type AgentRegistry, type AgentResource, agentResource } from '../agents/search.ts';
import type { TaskCaller } from '../workflow-kit/task-context.ts';

/** More than a person wants to choose from; who wants to page has the registry's search. */
const MOST = 5;

export interface Finding {
  /** How many agents match in all. */
  total_count: number;
  /** The best of them, as the registry's search gives them. */
  resources: AgentResource[];
}

export interface DirectoryActivities {
  /** The agents that fit plain words and that this caller may see; without words any. */
  findAgents(query: string, caller?: TaskCaller): Promise<Finding>;
}

/** The directory's step outside of its workflow: the registry's own search. */
export const directoryActivities = (
  registry: Pick<AgentRegistry, 'search'>,
  publicUrl: string,
): DirectoryActivities => ({
  findAgents: async (query, caller) => {
    const viewer = caller && { id: caller.id, scopes: new Set(caller.scopes) };
    const { total, agents } = await registry.search({ query, skip: 0, top: MOST, viewer });
    return { total_count: total, resources: agents.map((agent) => agentResource(agent, publicUrl)) };
  },
});
