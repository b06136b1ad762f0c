import { once } from 'node:events';
import { AgentCard, type StreamResponse } from '@a2a-js/sdk';
import type { A2AError } from '@a2a-js/sdk/errors';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { checkValues } from '../../web/json-values.ts';
import { type Call, putCall } from '../call.ts';
import { toProtocolError } from '../errors.ts';
import { sendRetryAfter } from './admission.ts';
import { arrivalOf, type GrpcCall } from './arrival.ts';
import { toGrpcError } from './status-error.ts';

/** What the SDK holds a call's version against. */
const VERSIONS = AgentCard.fromJSON({
  supportedInterfaces: [
    { protocolBinding: 'GRPC', protocolVersion: '1.0' },
    { protocolBinding: 'GRPC', protocolVersion: '0.3' },
  ],
});

type Params<M extends keyof A2ARequestHandler> = Parameters<A2ARequestHandler[M]>[0];
type Answer<M extends keyof A2ARequestHandler> = ReturnType<A2ARequestHandler[M]>;

/**
 * What the SDK's gRPC services call: hands each call to the agent it is for, with a signal that aborts when the
 * client goes or the host stops, and tells failures with gRPC's status.
 */
export class GrpcRequestHandler implements A2ARequestHandler {
  readonly #log: Logger;

  constructor({ log }: { log: Logger }) {
    this.#log = log;
  }

  async getAgentCard(): Promise<AgentCard> {
    return VERSIONS;
  }

  sendMessage(params: Params<'sendMessage'>, context: ServerCallContext): Answer<'sendMessage'> {
    const { dialect, agents } = arrivalOf(context);
    const { configuration } = params;
    const unasked = dialect === '1.0' ? undefined : agents.sendWaitMs;
    const waitMs = configuration === undefined ? unasked : configuration.returnImmediately ? 0 : undefined;
    return this.#answer(context, waitMs, (agent) => {
      checkValues(params);
      return agent.sendMessage(params, context);
    });
  }

  sendMessageStream(
    params: Params<'sendMessageStream'>,
    context: ServerCallContext,
  ): Answer<'sendMessageStream'> {
    return this.#stream(context, (agent) => {
      checkValues(params);
      return agent.sendMessageStream(params, context);
    });
  }

  resubscribe(params: Params<'resubscribe'>, context: ServerCallContext): Answer<'resubscribe'> {
    return this.#stream(context, (agent) => agent.resubscribe(params, context));
  }

  getTask(params: Params<'getTask'>, context: ServerCallContext): Answer<'getTask'> {
    return this.#answer(context, 0, (agent) => agent.getTask(params, context));
  }

  listTasks(params: Params<'listTasks'>, context: ServerCallContext): Answer<'listTasks'> {
    return this.#answer(context, 0, (agent) => agent.listTasks(params, context));
  }

  cancelTask(params: Params<'cancelTask'>, context: ServerCallContext): Answer<'cancelTask'> {
    const { sendWaitMs } = arrivalOf(context).agents;
    return this.#answer(context, sendWaitMs, (agent) => agent.cancelTask(params, context));
  }

  createTaskPushNotificationConfig(
    params: Params<'createTaskPushNotificationConfig'>,
    context: ServerCallContext,
  ): Answer<'createTaskPushNotificationConfig'> {
    return this.#answer(context, 0, (agent) => agent.createTaskPushNotificationConfig(params, context));
  }

  getTaskPushNotificationConfig(
    params: Params<'getTaskPushNotificationConfig'>,
    context: ServerCallContext,
  ): Answer<'getTaskPushNotificationConfig'> {
    return this.#answer(context, 0, (agent) => agent.getTaskPushNotificationConfig(params, context));
  }

  listTaskPushNotificationConfigs(
    params: Params<'listTaskPushNotificationConfigs'>,
    context: ServerCallContext,
  ): Answer<'listTaskPushNotificationConfigs'> {
    return this.#answer(context, 0, (agent) => agent.listTaskPushNotificationConfigs(params, context));
  }

  deleteTaskPushNotificationConfig(
    params: Params<'deleteTaskPushNotificationConfig'>,
    context: ServerCallContext,
  ): Answer<'deleteTaskPushNotificationConfig'> {
    return this.#answer(context, 0, (agent) => agent.deleteTaskPushNotificationConfig(params, context));
  }

  getAuthenticatedExtendedAgentCard(
    params: Params<'getAuthenticatedExtendedAgentCard'>,
    context: ServerCallContext,
  ): Answer<'getAuthenticatedExtendedAgentCard'> {
    return this.#answer(context, 0, (agent) => agent.getAuthenticatedExtendedAgentCard(params, context));
  }

  #told(error: unknown, context: ServerCallContext): A2AError {
    const told = toGrpcError(toProtocolError(error, this.#log));
    if ('status' in told && told.status === status.RESOURCE_EXHAUSTED)
      sendRetryAfter(arrivalOf(context).call);
    return told;
  }

  async #answer<T>(
    context: ServerCallContext,
    waitMs: number | undefined,
    work: (agent: A2ARequestHandler) => Promise<T>,
  ): Promise<T> {
    const { close } = begin(context, waitMs);
    try {
      return await work(arrivalOf(context).agent);
    } catch (error) {
      throw this.#told(error, context);
    } finally {
      close();
    }
  }

  async *#stream(
    context: ServerCallContext,
    work: (agent: A2ARequestHandler) => AsyncGenerator<StreamResponse, void, undefined>,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const { call, agent } = arrivalOf(context);
    const { signal, close } = begin(context, undefined);
    try {
      for await (const event of work(agent)) {
        yield event;
        await taken(call, signal);
      }
    } catch (error) {
      throw this.#told(error, context);
    } finally {
      close();
    }
  }
}

/** Opens the request, until `close`; its agent finds the call in the context. */
function begin(
  context: ServerCallContext,
  waitMs: number | undefined,
): { signal: AbortSignal; close(): void } {
  const { call: grpcCall, caller, dialect, agents } = arrivalOf(context);
  const { signal, abort, close } = agents.requests.open();
  if (grpcCall.cancelled) abort();
  else grpcCall.once('cancelled', abort);
  const call: Call = { caller, dialect, signal, waitMs, snapshots: false };
  putCall(context, call);
  return { signal, close };
}

/** Once the client has taken enough of what was written: the SDK writes and never looks. */
async function taken(call: GrpcCall, signal: AbortSignal): Promise<void> {
  if (!('writableNeedDrain' in call && call.writableNeedDrain)) return;
  await once(call, 'drain', { signal }).catch((error) => {
    if (!signal.aborted) throw error;
  });
}
