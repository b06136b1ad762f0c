import { randomUUID } from 'node:crypto';
import { isVisible, type Viewer } from '../agents/access.ts';
import type { RequestLimits } from '../auth/limits/request-limits.ts';
import type { CallBook, OpenCall } from '../calls/call-book.ts';
import { HostError, invalidParams, messageOf } from '../errors.ts';
import type { Claim } from '../idempotency/ports.ts';
import type { PushService } from '../push/service.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import { checkInputModes } from '../tasks/modes.ts';
import type { SendRequest, TaskService } from '../tasks/service.ts';
import type { Message, Metadata, Task } from '../tasks/task.ts';
import { within } from '../web/within.ts';
import type { InvokedAgent, InvokedAgents } from './agents.ts';
import { acceptedModes } from './output-modes.ts';
import type { InvokeParams } from './requests.ts';
import { inOwnWords } from './rpc-error.ts';
import { type InvokeTask, showTask } from './view.ts';

export interface Invocation {
  caller: Viewer;
  params: InvokeParams;
  /** The parameters as they came: what the receipt keeps, its credentials left out. */
  given: JsonObject;
  /** The idempotency key of its request. */
  claim?: Claim | undefined;
}

export interface InvokerOptions {
  agents: InvokedAgents;
  tasks: TaskService;
  calls: CallBook;
  push: PushService;
  limits: Pick<RequestLimits, 'countAgent'>;
  /** How long a call waits for its task to end or ask. */
  waitMs: number;
}

/** A call that nothing speaks against but policy. */
interface Ready {
  agent: InvokedAgent;
  request: SendRequest;
  /** The session, where it is known. */
  contextId: string | undefined;
}

/** `a2a.sendMessage`: checks, asks policy, sends, and waits as long as it may. */
export class Invoker {
  readonly #options: InvokerOptions;

  constructor(options: InvokerOptions) {
    this.#options = options;
  }

  /**
   * Once this resolves the message is recorded and will be worked on, whatever dies; one that policy refuses is a
   * task that was rejected. Nothing is left of a call that fails before policy is asked.
   * @throws HostError `invalid_params`, `agent_not_found`, `agent_draining`, `task_not_found`, `unsupported_operation`, `too_many`,
   * `unavailable`.
   */
  async invoke(invocation: Invocation, signal: AbortSignal): Promise<InvokeTask> {
    const { caller, params } = invocation;
    const ready = await this.#prepare(invocation);
    const { agent, request, contextId } = ready;
    const { region, maxCostUnits, confirmRisky } = params;
    const open = await this.#options.calls.open({
      agent,
      caller: caller.id,
      mode: 'sync',
      terms: {
        ...(region === undefined ? {} : { region }),
        ...(maxCostUnits === undefined ? {} : { maxCostUnits }),
        confirmRisky: confirmRisky === true,
      },
      request: withoutSecrets(invocation.given),
      messageId: request.message.messageId,
      taskId: request.taskId,
      contextId,
      claim: invocation.claim,
    });
    const task = await this.#taskOf(open, ready, { params, signal });
    // One that is answered again may have been asked for in other modes.
    const { outputModes = task.outputModes } = request;
    const historyLength = params.configuration?.historyLength;
    return showTask({ ...task, ...(outputModes && { outputModes }) }, { historyLength });
  }

  async #prepare({ caller, params, claim }: Invocation): Promise<Ready> {
    const { configuration, skillIds = [], metadata } = params;
    const agent = await this.#options.agents.find(params.agentId);
    if (agent === undefined || !isVisible(agent, caller)) throw agentNotFound(params.agentId);
    await this.#options.limits.countAgent(caller, agent.agentId);
    checkSkills(agent, skillIds);
    const outputModes = acceptedModes(agent.definition, configuration?.acceptedOutputModes);
    const message = outgoing(params, claim?.id ?? randomUUID());
    checkInputModes(agent.definition, message);
    const wanted = configuration?.taskPushNotificationConfig;
    const historyLength = configuration?.historyLength;
    const pushConfig =
      wanted &&
      this.#options.push.prepare(pushOf(wanted), 'invoke', 'configuration.taskPushNotificationConfig.');
    const continued = await this.#continued(agent, caller, { params, messageId: message.messageId });
    const { sessionId } = params;
    const request: SendRequest = {
      owner: caller.id,
      scopes: [...caller.scopes],
      agent: agent.definition,
      message,
      ...(message.messageId === claim?.id && { once: true }),
      ...(continued && { taskId: continued.id }),
      ...(sessionId === undefined ? {} : { contextId: sessionId }),
      ...(metadata === undefined ? {} : { metadata: metadata as Metadata }),
      ...(pushConfig && { pushConfig }),
      ...(outputModes && { outputModes }),
      ...(historyLength === undefined ? {} : { history: historyLength }),
    };
    return { agent, request, contextId: sessionId ?? continued?.contextId };
  }

  /**
   * The task that a call goes on with: the one it names, or the one of its session that waits. A message that comes
   * again is for the task it went to, whatever waits by now.
   * @throws HostError `invalid_params` when several wait, `task_not_found`.
   */
  async #continued(
    { definition }: InvokedAgent,
    { id: owner }: Viewer,
    { params, messageId }: { params: InvokeParams; messageId: string },
  ): Promise<Pick<Task, 'id' | 'contextId'> | undefined> {
    const { tasks } = this.#options;
    const { taskId, sessionId: contextId } = params;
    const key = { owner, agentCode: definition.code };
    if (taskId !== undefined) return tasks.get({ ...key, taskId }, 0);
    if (contextId === undefined) return undefined;
    const pages = await Promise.all(
      (['input-required', 'auth-required'] as const).map((state) =>
        tasks.list({ ...key, contextId, state, limit: 2, history: 0 }),
      ),
    );
    // Behind the list: what another try has sent meanwhile is seen here.
    const sent = await tasks.sent(key, messageId);
    if (sent !== undefined) return sent.began ? undefined : { id: sent.taskId, contextId };
    const waiting = pages.flatMap((page) => page.tasks);
    if (waiting.length > 1)
      throw invalidParams('taskId', 'is required: several tasks of the session wait for a message');
    return waiting[0];
  }

  async #taskOf(
    { receipt, decision }: OpenCall,
    { agent, request, contextId }: Ready,
    { params, signal }: { params: InvokeParams; signal: AbortSignal },
  ): Promise<Task> {
    const { tasks, calls } = this.#options;
    if (decision.decision === 'refuse') {
      // A try that was broken off may have told it already.
      const { owner } = request;
      if (receipt.status === 'rejected' && receipt.task_id !== undefined)
        return tasks.get({ owner, taskId: receipt.task_id });
      const inSession = { ...request, ...(contextId === undefined ? {} : { contextId }) };
      const refused = await tasks.refuse(inSession, inOwnWords(decision.message), receipt.receipt_id);
      if (request.pushConfig !== undefined) await this.#options.push.tell(refused.id);
      await calls.refused(receipt, decision, { taskId: refused.id, contextId: refused.contextId });
      return refused;
    }
    const sent = await tasks.send(request).catch(async (error: unknown) => {
      // The record is away, and nobody knows what was accepted: the sweep finds out, and so does who asks again.
      if (error instanceof HostError && error.code === 'unavailable') throw error;
      const why =
        error instanceof HostError ? `${error.code}: ${inOwnWords(error.message)}` : messageOf(error);
      await calls.failed(receipt, why);
      throw error;
    });
    const atOnce = params.configuration?.returnImmediately ?? agent.definition.longRunning ?? false;
    const task = atOnce
      ? sent.task
      : await within({ signal, waitMs: this.#options.waitMs }, (wait) => tasks.settled(sent, wait));
    await calls.answered(receipt, task);
    return task;
  }
}

const agentNotFound = (agentId: string): HostError =>
  new HostError('agent_not_found', `agentId: there is no agent ${JSON.stringify(agentId)}`, {
    field: 'agentId',
  });

function checkSkills({ definition }: InvokedAgent, skillIds: readonly string[]): void {
  const known = new Set(definition.skills.map(({ id }) => id));
  const index = skillIds.findIndex((id) => !known.has(id));
  if (index !== -1)
    throw invalidParams(`skillIds[${index}]`, `is none of the agent’s: ${[...known].join(', ')}`);
}

/**
 * The skills reach the workflow in the message's metadata.
 * @param id of a message that names none itself.
 */
function outgoing(
  { message: { messageId, parts, metadata }, skillIds = [] }: InvokeParams,
  id: string,
): Message {
  const all: Metadata = { ...(metadata as Metadata), ...(skillIds.length === 0 ? {} : { skillIds }) };
  return {
    messageId: messageId ?? id,
    role: 'user',
    parts,
    ...(Object.keys(all).length === 0 ? {} : { metadata: all }),
  };
}

const pushOf = ({ url, headers }: { url: string; headers?: Record<string, string> | undefined }) => ({
  url,
  ...(headers === undefined ? {} : { headers }),
});

/** A webhook's headers are its owner's credentials. */
function withoutSecrets(given: JsonObject): JsonObject {
  const { configuration } = given;
  if (!isObject(configuration) || !isObject(configuration.taskPushNotificationConfig)) return given;
  const { headers: _, ...push } = configuration.taskPushNotificationConfig;
  return { ...given, configuration: { ...configuration, taskPushNotificationConfig: push } };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
