import type { AgentCatalog } from './agents/catalog.ts';
import type { AgentDefinition } from './agents/definition.ts';
import type { AgentRegistry } from './agents/search.ts';
import { createAssistantActivities } from './assistant/activities.ts';
import type { AssistantActivities } from './assistant/contract.ts';
import { ASSISTANT } from './assistant/definition.ts';
import { openModel } from './assistant/model.ts';
import type { Config } from './config.ts';
import { HostError } from './errors.ts';
import type { GatewayHost } from './gateway-wiring.ts';
import type { HostActivities } from './tasks/contract.ts';

/**
 * The assistant, where it has a model. An agent of the deployment's files that has its code takes its place.
 * @throws HostError `config`.
 */
export function assistantOf({ MODEL_URL, MODEL_NAME }: Config): AgentDefinition[] {
  if (MODEL_URL === undefined) return [];
  if (MODEL_NAME !== undefined) return [ASSISTANT];
  throw new HostError('config', 'MODEL_NAME: must be given with MODEL_URL', { field: 'MODEL_NAME' });
}

interface AssistantHost {
  registry: Pick<AgentRegistry, 'search'>;
  catalog: AgentCatalog;
  gateway: Pick<GatewayHost, 'refusals'>;
  hostActivities: Pick<HostActivities, 'callAgent'>;
}

/** Its steps. Tasks that were begun with a model end without one, saying so. */
export function assistantActivities(
  { MODEL_URL, MODEL_NAME, MODEL_KEY, MODEL_STEPS, MODEL_TOKENS, MODEL_SECONDS }: Config,
  { registry, catalog, gateway, hostActivities }: AssistantHost,
): AssistantActivities {
  const model =
    MODEL_URL === undefined || MODEL_NAME === undefined
      ? undefined
      : openModel({ url: MODEL_URL, name: MODEL_NAME, key: MODEL_KEY });
  return createAssistantActivities({
    model,
    limits: { steps: MODEL_STEPS, tokens: MODEL_TOKENS, seconds: MODEL_SECONDS },
    registry,
    catalog,
    refusals: gateway.refusals,
    callAgent: hostActivities.callAgent,
  });
}
