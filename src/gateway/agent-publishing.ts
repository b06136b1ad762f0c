import type { Request } from 'express';
import type { GivenAgent, PublishedAgents } from '../agents/published.ts';
import { reviewProfile } from '../agents/review.ts';
import { claimOf, onceFor } from '../idempotency/middleware.ts';
import {
  type GatewayAgent,
  type GatewayAgents,
  LOCAL_PROVIDER,
  type RemoteAgent,
  type RemoteAgentStore,
} from './agents.ts';
import { agentNotFound, GatewayError, invalidRequest } from './gateway-error.ts';
import type { Provider, ProviderStore } from './providers.ts';
import { agentExists, inThisBody, providerRevoked, publisher } from './publish-routes.ts';
import {
  type PublishRemoteRequest,
  type PublishWorkflowRequest,
  parseBody,
  publishRemoteSchema,
  publishWorkflowSchema,
  type ReviewRequest,
} from './requests.ts';

/** A card that was fetched, or why it cannot be used. */
type FetchedAgent = Pick<GatewayAgent, 'name' | 'description' | 'version' | 'skills'> &
  Pick<RemoteAgent, 'card' | 'signed'>;

export interface AgentPublishingOptions {
  agents: GatewayAgents;
  remotes: RemoteAgentStore;
  published: Pick<PublishedAgents, 'publish' | 'unpublish'>;
  /** @throws GatewayError 422 */
  fetchCard(url: string, allowPrivate: boolean): Promise<FetchedAgent>;
  providers: ProviderStore;
}

/**
 * Publishes what the body names: an agent elsewhere by its card, or a workflow of this Temporal.
 * @throws GatewayError 400, 403 when its provider is revoked, 404 without one, 409 when there is such an agent, 422 when its card cannot be used.
 */
export async function publishAgent(req: Request, options: AgentPublishingOptions): Promise<GatewayAgent> {
  const { agents, providers } = options;
  const isWorkflow = (req.body?.workflow ?? null) !== null;
  const [id, publish] = isWorkflow
    ? asWorkflow(parseBody(publishWorkflowSchema, req.body), req, options)
    : asRemote(parseBody(publishRemoteSchema, req.body), req, options);
  await onceFor(claimOf(req), async () => {
    const known = await agents.find(id);
    if (known !== undefined && !known.definition?.draining) throw exists(id);
    await standingProvider(req.body.provider_id ?? LOCAL_PROVIDER, providers);
    await publish();
  });
  const made = await agents.find(id);
  if (made === undefined) throw agentNotFound(id);
  return made;
}

type Publishing = [id: string, publish: () => Promise<void>];

function asRemote(request: PublishRemoteRequest, req: Request, options: AgentPublishingOptions): Publishing {
  const { agent_id, provider_id = LOCAL_PROVIDER, card_url, review, allow_private } = request;
  return [
    agent_id,
    async () => {
      const { card, signed, ...shown } = await options.fetchCard(card_url, allow_private);
      const agent = {
        ...shown,
        agentId: agent_id,
        providerId: provider_id,
        review: reviewProfile(reviewOf(review)),
        remote: { cardUrl: card_url, card, allowPrivate: allow_private, signed },
      };
      if (!(await options.remotes.publish(agent, publisher(req)))) throw exists(agent_id);
    },
  ];
}

function asWorkflow(
  { workflow, provider_id, review }: PublishWorkflowRequest,
  req: Request,
  { published }: AgentPublishingOptions,
): Publishing {
  const { workflow_type: workflowType, task_queue: taskQueue, args, result, ...about } = workflow;
  const given: GivenAgent = {
    ...about,
    ...(provider_id === undefined ? {} : { provider: provider_id }),
    review: reviewOf(review),
    plain: { workflowType, taskQueue, ...(args && { args }), ...(result && { result }) },
  };
  return [
    workflow.code,
    async () => {
      const done = await inThisBody(() => published.publish({ agents: [given] }, publisher(req))).catch(
        inOwnWords,
      );
      if ('problem' in done) throw agentExists(done.code, done.problem);
    },
  ];
}

/** What is wrong with the definition, by the names of the body. */
function inOwnWords(error: unknown): never {
  if (!(error instanceof GatewayError) || error.status !== 400) throw error;
  const message = error.message
    .replace(/^agent "[^"]*": /, 'workflow.')
    .replace(/^workflow\.plain\./, 'workflow.')
    .replace(/^workflow\.workflowType/, 'workflow.workflow_type')
    .replace(/^workflow\.taskQueue/, 'workflow.task_queue');
  throw invalidRequest(message);
}

/**
 * Unpublishes an agent: one elsewhere is `gone`, a workflow is `draining` until its tasks have ended.
 * @throws GatewayError 404; 409 for one of the deployment's files.
 */
export async function unpublishAgent(
  req: Request,
  agentId: string,
  { agents, remotes, published }: AgentPublishingOptions,
): Promise<'gone' | 'draining'> {
  const agent = await agents.find(agentId);
  if (agent?.definition === undefined) {
    if (await remotes.unpublish(agentId, publisher(req))) return 'gone';
    throw agentNotFound(agentId);
  }
  if (await published.unpublish(agentId, publisher(req))) return 'draining';
  throw new GatewayError(409, 'agent_is_local', 'The agent is published by the host’s folder of workflows');
}

const exists = (id: string): GatewayError =>
  new GatewayError(409, 'agent_exists', `agent_id: there is an agent ${id}`);

const reviewOf = (review: ReviewRequest) => ({
  riskLevel: review.risk_level,
  humanApprovalRequired: review.human_approval_required,
  allowedRegions: review.allowed_regions,
  costPerCallUnits: review.cost_per_call_units,
  dataClasses: review.data_classes,
});

/** @throws GatewayError 404. */
export async function knownProvider(id: string, providers: Pick<ProviderStore, 'find'>): Promise<Provider> {
  const provider = await providers.find(id);
  if (provider !== undefined) return provider;
  throw new GatewayError(404, 'provider_not_found', `There is no provider ${JSON.stringify(id)}`);
}

/** A revocation is for good: no agent is published under it. @throws GatewayError 403, 404. */
async function standingProvider(id: string, providers: Pick<ProviderStore, 'find'>): Promise<void> {
  if ((await knownProvider(id, providers)).status === 'revoked') throw providerRevoked(id);
}
