import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import { type A2AError, VersionNotSupportedError } from '@a2a-js/sdk/errors';
import { JsonRpcTransportHandler } from '@a2a-js/sdk/server';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { type Call, contextOf, type Dialect } from './call.ts';
import {
  type Bag,
  blockingOf,
  dialectOf,
  forOlderReaders,
  isSend,
  modernized,
  opensStream,
  type RpcRequest,
  returnsImmediately,
  versionOf,
  withOneScheme,
  withoutTenant,
  withPartKinds,
} from './dialects.ts';
import { RPC, rpcError, toProtocolError } from './errors.ts';
import { withJsonNames } from './json-names.ts';
import { checkParams } from './params.ts';
import type { AgentRequestHandler } from './request-handler.ts';

export interface RpcError {
  code: number;
  message: string;
  data?: unknown;
}

export interface RpcResponse {
  jsonrpc: string;
  id: string | number | null;
  result?: unknown;
  error?: RpcError;
}

export type RpcAnswer = RpcResponse | AsyncGenerator<RpcResponse, void, undefined>;

/** What the HTTP request says beside its body. */
export interface RpcEnvironment {
  caller: Caller;
  /** The A2A-Version it names. */
  version: string | undefined;
  signal: AbortSignal;
  /** Every stream event is to be the whole task. */
  snapshots: boolean;
  /** The extensions it names. */
  extensions?: string[];
  onActivated?: Call['onActivated'];
}

/** JSON-RPC 2.0 for one agent, in every dialect. The SDK's handlers translate the shapes. */
export class AgentRpc {
  readonly handler: AgentRequestHandler;
  readonly #code: string;
  readonly #v1: JsonRpcTransportHandler;
  readonly #v03: LegacyJsonRpcTransportHandler;
  readonly #sendWaitMs: number;
  readonly #log: Logger;

  constructor(options: { code: string; handler: AgentRequestHandler; sendWaitMs: number; log: Logger }) {
    this.handler = options.handler;
    this.#code = options.code;
    this.#v1 = new JsonRpcTransportHandler(options.handler);
    this.#v03 = new LegacyJsonRpcTransportHandler(options.handler);
    this.#sendWaitMs = options.sendWaitMs;
    this.#log = options.log;
  }

  /** Answers one request; never throws. A stream throws in its iteration, with a protocol error. */
  async handle(body: unknown, environment: RpcEnvironment): Promise<RpcAnswer> {
    const invalid = problemOf(body);
    if (invalid !== undefined) return failure(idOf(body), rpcError(RPC.invalidRequest, invalid));
    const request = body as RpcRequest;
    try {
      const dialect = dialectOf(request.method, versionOf(environment.version));
      if (dialect === undefined) {
        throw rpcError(RPC.methodNotFound, `Method ${request.method} is not known`);
      }
      return await this.#dispatch(request, dialect, environment);
    } catch (error) {
      return failure(request.id ?? null, toProtocolError(error, this.#log));
    }
  }

  /**
   * Answers a request that another transport made into this v1.0 method; never throws. A stream throws in its
   * iteration, with a protocol error.
   */
  async handleV1(method: string, params: Bag, environment: RpcEnvironment): Promise<RpcAnswer> {
    try {
      if (versionOf(environment.version) === '0.3') {
        throw new VersionNotSupportedError('A2A version 0.3 is not supported here; 1.0 is');
      }
      return await this.#dispatch({ jsonrpc: '2.0', id: null, method, params }, '1.0', environment);
    } catch (error) {
      return failure(null, toProtocolError(error, this.#log));
    }
  }

  async #dispatch(request: RpcRequest, dialect: Dialect, environment: RpcEnvironment): Promise<RpcAnswer> {
    const { request: modern, alias } = modernized(dialect === '1.0' ? withJsonNames(request) : request);
    const call: Call = {
      caller: environment.caller,
      dialect,
      signal: environment.signal,
      snapshots: environment.snapshots,
      onActivated: environment.onActivated,
      waitMs: this.#waitMs(modern, dialect),
      ...(alias === undefined ? {} : { alias }),
    };
    const context = contextOf(call, this.#code, environment.extensions);
    if (dialect === '1.0') {
      checkParams(modern, '1.0');
      return (await this.#v1.handle({ ...withoutTenant(modern) }, context)) as RpcAnswer;
    }
    const v03 = withOneScheme(withPartKinds(modern));
    checkParams(v03, '0.3');
    if (v03.method === 'agent/getAuthenticatedExtendedCard') {
      return { jsonrpc: '2.0', id: request.id ?? null, result: this.handler.extendedCardV03() };
    }
    const answer = await this.#v03.handle({ ...v03 }, context);
    return olderAnswer(answer as RpcAnswer, dialect, isSend(modern.method));
  }

  /** A send waits for the task to settle, in the older dialects not for ever; so does a cancel in all. */
  #waitMs(request: RpcRequest, dialect: Dialect): number | undefined {
    if (!isSend(request.method)) return this.#sendWaitMs;
    if (dialect === '1.0') return returnsImmediately(request) ? 0 : undefined;
    const blocking = blockingOf(request);
    if (blocking === undefined) return this.#sendWaitMs;
    return blocking ? undefined : 0;
  }
}

export const rpcErrorOf = (error: A2AError): RpcError => JsonRpcTransportHandler.mapToJSONRPCError(error);

export const failure = (id: RpcResponse['id'], error: A2AError): RpcResponse => ({
  jsonrpc: '2.0',
  id,
  error: rpcErrorOf(error),
});

/** The id to answer with when the request itself may be malformed. */
export function idOf(body: unknown): RpcResponse['id'] {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null;
  return typeof id === 'string' || Number.isInteger(id) ? (id as string | number) : null;
}

/** Why a body is not a JSON-RPC 2.0 request; undefined when it is one. */
function problemOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The request is not an object';
  const { jsonrpc, method, id, params } = body as Record<string, unknown>;
  if (jsonrpc !== '2.0') return 'jsonrpc: must be "2.0"';
  if (typeof method !== 'string' || method === '') return 'method: must be a string';
  if (id !== undefined && id !== null && typeof id !== 'string' && !Number.isInteger(id)) {
    return 'id: must be a string, a whole number or null';
  }
  if (params !== undefined && (typeof params !== 'object' || params === null))
    return 'params: must be an object';
  return undefined;
}

function olderAnswer(answer: RpcAnswer, dialect: Dialect, send: boolean): RpcAnswer {
  if (!(Symbol.asyncIterator in answer)) return olderResponse(answer, dialect, false);
  return (async function* () {
    for await (const event of answer) yield olderResponse(event, dialect, send);
  })();
}

const olderResponse = (response: RpcResponse, dialect: Dialect, sendStream: boolean): RpcResponse =>
  response.result === undefined
    ? response
    : { ...response, result: forOlderReaders(response.result, dialect, sendStream) };

/** A streaming method cannot be answered inside a batch. */
export const streamsIn = (body: unknown): boolean =>
  typeof body === 'object' &&
  body !== null &&
  'method' in body &&
  typeof body.method === 'string' &&
  opensStream(body.method);
