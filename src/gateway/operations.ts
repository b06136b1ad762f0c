/** What there is to say of the facade's routes. */
import { answers, type DescribedSurface, type Operations } from '../openapi/operation.ts';
import { GATEWAY_ACCESS } from './access.ts';
import * as answer from './answer-schemas.ts';
import { OWN_OBJECTS } from './body-fields.ts';
import { CALLER_DATA, CALLER_DATA_SCHEMAS } from './caller-data-operations.ts';
import { json } from './field-schemas.ts';
import { OVERVIEW, OVERVIEW_SCHEMAS } from './overview-operations.ts';
import { exportQuerySchema } from './overview-schemas.ts';
import * as request from './requests.ts';

const CALLS: Operations = {
  'post /agents/:agent_id/invoke': {
    id: 'invokeAgent',
    summary: 'Call an agent and wait for its answer',
    body: request.invokeSchema,
    example: { message: 'Hello there' },
    answers: answers(answer.invokeAnswer),
    refusals: [409, 422, 502, 504],
    keyed: true,
  },
  'post /agents/:agent_id/invoke-async': {
    id: 'invokeAgentAsync',
    summary: 'Call an agent in the background; its receipt tells how it went',
    body: request.invokeSchema,
    example: { message: 'Hello there' },
    answers: answers(answer.invokeAnswer),
    keyed: true,
  },
  'post /agents/:agent_id/check': {
    id: 'checkCall',
    summary: 'What policy would say of a call; it is not made, and leaves no receipt',
    body: request.invokeSchema,
    example: { message: 'Hello there', region: 'DE' },
    answers: answers(answer.checkAnswer),
  },
  'post /agents/:agent_id/tasks/list': {
    id: 'listAgentTasks',
    summary: 'The caller’s tasks with an agent, as `output.tasks`',
    body: request.taskListSchema,
    example: {},
    answers: answers(answer.invokeAnswer),
    refusals: [422, 502, 504],
  },
  'post /agents/:agent_id/tasks/:task_id/get': {
    id: 'getAgentTask',
    summary: 'A task as it stands',
    body: request.taskGetSchema,
    example: {},
    answers: answers(answer.invokeAnswer),
    refusals: [422, 502, 504],
  },
  'post /agents/:agent_id/tasks/:task_id/cancel': {
    id: 'cancelAgentTask',
    summary: 'Cancel a task',
    body: request.taskCallSchema,
    example: {},
    answers: answers(answer.invokeAnswer),
    refusals: [409, 422, 502, 504],
    keyed: true,
  },
  'post /agents/:agent_id/tasks/:task_id/subscribe': {
    id: 'subscribeToAgentTask',
    summary: 'A task as it stands and after each change, until it ends',
    body: request.taskCallSchema,
    example: {},
    answers: { 200: { events: answer.taskEvent } },
    refusals: [409, 422, 502, 504],
  },
};

const RECEIPTS: Operations = {
  'get /receipts': {
    id: 'listReceipts',
    summary: 'Receipts, newest first',
    query: request.receiptQuerySchema,
    answers: answers(answer.receiptPage),
  },
  'get /receipts/checkpoint': {
    id: 'getCheckpoint',
    summary: 'How far the sequences of receipts reach, signed',
    answers: answers(answer.checkpointAnswer),
  },
  'get /receipts/export': {
    id: 'exportReceipts',
    summary: 'All final receipts with their bodies, in the order of their sequences, for an offline check',
    query: exportQuerySchema,
    answers: { 200: { lines: answer.exportLine } },
  },
  'get /receipts/:receipt_id': {
    id: 'getReceipt',
    summary: 'A receipt, and what came of its call',
    query: request.receiptGetSchema,
    answers: answers(answer.receiptAnswer),
  },
  'get /receipts/:receipt_id/verifications': {
    id: 'listVerifications',
    summary: 'What was found of a receipt, newest first',
    answers: answers(answer.verdictList),
  },
  'post /receipts/:receipt_id/verify': {
    id: 'judgeReceipt',
    summary: 'A verdict by hand',
    body: request.verdictSchema,
    example: { verification: 'verified', reason: 'Compared with the invoice' },
    answers: answers(answer.verdictAnswer),
    keyed: true,
  },
  'post /verifier/run': {
    id: 'runVerifier',
    summary: 'One sweep of the verifier, now',
    answers: answers(answer.sweepAnswer),
    keyed: true,
  },
};

const REGISTRY: Operations = {
  'get /agents': {
    id: 'listAgents',
    summary: 'The published agents',
    query: request.agentQuerySchema,
    answers: answers(answer.agentPage),
  },
  'get /agents/:agent_id': {
    id: 'getAgent',
    summary: 'A published agent',
    answers: answers(answer.agentAnswer),
  },
  'post /agents': {
    id: 'publishAgent',
    summary: 'Publish an agent elsewhere, by its card’s URL, or a workflow of this Temporal',
    body: request.publishSchema,
    example: { agent_id: 'weather', card_url: 'https://agents.example.com/.well-known/agent-card.json' },
    answers: answers(answer.agentAnswer, 201),
    refusals: [404, 409, 422],
    keyed: true,
  },
  'delete /agents/:agent_id': {
    id: 'unpublishAgent',
    summary: 'Unpublish an agent: one elsewhere at once, a workflow when its tasks have ended',
    answers: { 202: { json: answer.agentDraining }, 204: {} },
    refusals: [409],
  },
  'get /providers': {
    id: 'listProviders',
    summary: 'Who offers agents',
    answers: answers(answer.providerList),
  },
  'post /providers': {
    id: 'addProvider',
    summary: 'Add a provider',
    body: request.providerSchema,
    example: { provider_id: 'acme', name: 'Acme Ltd' },
    answers: answers(answer.providerAnswer, 201),
    keyed: true,
  },
  'post /providers/:provider_id/revoke': turn('revokeProvider', 'Revoke a provider, for good', 'provider'),
  'post /admin/providers/:provider_id/block': turn('blockProvider', 'Block a provider', 'provider'),
  'post /admin/providers/:provider_id/unblock': turn('unblockProvider', 'Unblock a provider', 'provider'),
  'post /admin/agents/:agent_id/block': turn('blockAgent', 'Block an agent', 'agent'),
  'post /admin/agents/:agent_id/unblock': turn('unblockAgent', 'Unblock an agent', 'agent'),
};

function turn(id: string, summary: string, subject: 'agent' | 'provider'): Operations[string] {
  const turned = subject === 'agent' ? answer.agentTurned : answer.providerTurned;
  const body = request.reasonSchema;
  return { id, summary, body, example: { reason: 'Why' }, answers: answers(turned), keyed: true };
}

const CALLER: Operations = {
  'get /me': {
    id: 'whoAmI',
    summary: 'Who calls, and what they may do',
    answers: answers(answer.callerAnswer),
  },
  'get /auth-contexts': {
    id: 'listAuthContexts',
    summary: 'The caller’s stored credentials',
    answers: answers(answer.authContextList),
  },
  'post /auth-contexts': {
    id: 'storeAuthContext',
    summary: 'Store a credential for the agents of a provider',
    body: request.authContextSchema,
    example: { provider_id: 'acme', auth_model: 'bearer', token: 'the secret' },
    answers: answers(answer.authContextAnswer, 201),
    refusals: [404],
    keyed: true,
  },
  'delete /auth-contexts/:auth_context_id': {
    id: 'removeAuthContext',
    summary: 'Forget a stored credential',
    answers: { 204: {} },
  },
};

const ADMIN: Operations = {
  'get /admin/agents': {
    id: 'listAgentVersions',
    summary: 'The versions of the agents that were published at run time',
    answers: answers(answer.agentVersions),
  },
  'post /admin/agents': {
    id: 'publishAgents',
    summary: 'Publish agents as an `agents.yaml` declares them, all or none',
    body: request.publishedSchema,
    example: {
      agents: [
        {
          code: 'price-order',
          name: 'Price an order',
          description: 'Prices an order.',
          version: '1.0.0',
          skills: [{ id: 'price', name: 'Price', description: 'Prices an order.', tags: ['orders'] }],
          plain: { workflowType: 'PriceOrder', taskQueue: 'orders' },
        },
      ],
    },
    answers: answers(answer.agentsPublished, 201),
    refusals: [409],
    keyed: true,
  },
  'delete /admin/agents/:agent_id': {
    id: 'drainAgent',
    summary: 'Take no new tasks for an agent; when those under way have ended it is gone',
    answers: answers(answer.agentDraining, 202),
  },
  'get /admin/keys': { id: 'listKeys', summary: 'The API keys', answers: answers(answer.keyList) },
  'post /admin/keys': {
    id: 'createKey',
    summary: 'Make an API key',
    body: request.keySchema,
    example: { name: 'ci', scopes: ['agents:read', 'agents:invoke'], expires: '90d' },
    answers: answers(answer.keyMade, 201),
  },
  'post /admin/keys/:key_id/revoke': {
    id: 'revokeKey',
    summary: 'Revoke an API key, for good',
    answers: answers(answer.keyAnswer),
  },
  'get /admin/audit': {
    id: 'readAudit',
    summary: 'The audit log, newest first',
    query: request.auditQuerySchema,
    answers: answers(answer.auditAnswer),
  },
};

/** The facade, described. */
export const GATEWAY_DESCRIBED: DescribedSurface = {
  tag: 'Gateway',
  surface: GATEWAY_ACCESS,
  operations: { ...CALLS, ...RECEIPTS, ...REGISTRY, ...CALLER, ...ADMIN, ...OVERVIEW, ...CALLER_DATA },
  refusal: answer.failureSchema,
  nullIsAbsent: OWN_OBJECTS,
  schemas: {
    Caller: answer.callerAnswer,
    InvokeAgentRequest: request.invokeSchema,
    TaskRequest: request.taskCallSchema,
    TaskGetRequest: request.taskGetSchema,
    TaskListRequest: request.taskListSchema,
    VerdictRequest: request.verdictSchema,
    PublishAgentRequest: request.publishSchema,
    ProviderRequest: request.providerSchema,
    ReasonRequest: request.reasonSchema,
    AuthContextRequest: request.authContextSchema,
    KeyRequest: request.keySchema,
    PublishAgentsRequest: request.publishedSchema,
    Json: json,
    Failure: answer.failureSchema,
    InvokeAgentResponse: answer.invokeAnswer,
    TaskEvent: answer.taskEvent,
    CheckResponse: answer.checkAnswer,
    Receipt: answer.receiptSchema,
    ReceiptResponse: answer.receiptAnswer,
    ReceiptPage: answer.receiptPage,
    Checkpoint: answer.checkpointAnswer,
    Verdict: answer.verdictAnswer,
    VerdictList: answer.verdictList,
    VerifierReport: answer.sweepAnswer,
    Agent: answer.agentAnswer,
    AgentPage: answer.agentPage,
    Provider: answer.providerAnswer,
    ProviderList: answer.providerList,
    AgentSwitch: answer.agentTurned,
    ProviderSwitch: answer.providerTurned,
    AuthContext: answer.authContextAnswer,
    AuthContextList: answer.authContextList,
    ApiKey: answer.keyAnswer,
    NewApiKey: answer.keyMade,
    ApiKeyList: answer.keyList,
    AuditLog: answer.auditAnswer,
    AgentsPublished: answer.agentsPublished,
    AgentVersions: answer.agentVersions,
    AgentDraining: answer.agentDraining,
    ExportLine: answer.exportLine,
    ...OVERVIEW_SCHEMAS,
    ...CALLER_DATA_SCHEMAS,
  },
};
