import type { AgentCatalog } from './agents/catalog.ts';
import type { StreamedAgent } from './auth/limits/stream-limits.ts';
import { Standing } from './auth/standing.ts';
import { LOCAL_PROVIDER, type Switches, type SwitchState, switchesOf } from './gateway/agents.ts';
import { decideSwitches } from './policy/decide.ts';
import type { Bulletin } from './storage/bulletin.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { SWITCHED_TOPIC } from './storage/provider-store.ts';
import { PrismaSwitches } from './storage/switches.ts';

/** The switches that policy reads, as this process knows them. */
export interface Switching {
  switches: Switches;
  /** Ends what is open to agents once they are switched off. */
  standing: Standing;
  /** @throws HostError `unavailable` while nothing is known. */
  isOff(agent: StreamedAgent): Promise<boolean>;
  /** Why agents of this host are not called; undefined for those that are. @throws HostError `unavailable` as above. */
  refusals(catalog: AgentCatalog): Promise<(code: string) => string | undefined>;
}

export function openSwitches(db: PrismaClient, bulletin: Bulletin): Switching {
  const switches = new PrismaSwitches(db);
  const standing = new Standing();
  const turned = () => {
    switches.forget();
    standing.news();
  };
  bulletin.hear(SWITCHED_TOPIC, turned, turned);
  return {
    switches,
    standing,
    isOff: async (agent) => refusalOf(agent, await switches.current()) !== undefined,
    refusals: async (catalog) => {
      const state = await switches.current();
      return (code) => refusalOf({ code, provider: catalog.get(code)?.definition.provider }, state);
    },
  };
}

function refusalOf(
  { code, provider = LOCAL_PROVIDER }: StreamedAgent,
  state: SwitchState,
): string | undefined {
  const { agent, provider: by } = switchesOf({ agentId: code, providerId: provider }, state);
  const decision = decideSwitches(agent, by);
  return decision.decision === 'refuse' ? decision.message : undefined;
}
