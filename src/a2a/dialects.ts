/** What an older client says, as A2A v0.3 says it, and back. Pure. */
import { randomUUID } from 'node:crypto';
import { isLegacyJsonRpcMethod, isV1JsonRpcMethod } from '@a2a-js/sdk/compat/v0_3';
import { VersionNotSupportedError } from '@a2a-js/sdk/errors';
import { invalidParams } from '../errors.ts';
import type { Dialect } from './call.ts';

export interface RpcRequest {
  jsonrpc: '2.0';
  method: string;
  params?: unknown;
  id?: string | number | null;
}

/** The names before v0.3, and what each is called there. */
const OLDER_METHODS: ReadonlyMap<string, string> = new Map([
  ['tasks/send', 'message/send'],
  ['tasks/sendSubscribe', 'message/stream'],
  ['tasks/pushNotification/set', 'tasks/pushNotificationConfig/set'],
  ['tasks/pushNotification/get', 'tasks/pushNotificationConfig/get'],
]);

const SEND_METHODS = new Set(['message/send', 'message/stream', 'SendMessage', 'SendStreamingMessage']);
const STREAM_METHODS = new Set([
  'message/stream',
  'SendStreamingMessage',
  'tasks/resubscribe',
  'SubscribeToTask',
]);

export const opensStream = (method: string): boolean =>
  STREAM_METHODS.has(OLDER_METHODS.get(method) ?? method);

export const isSend = (method: string): boolean => SEND_METHODS.has(OLDER_METHODS.get(method) ?? method);

/**
 * The version a request is in (A2A v1.0 §3.6): what it names, patch numbers left out; 0.3 when it names none.
 * @throws VersionNotSupportedError
 */
export function versionOf(named: string | undefined): '1.0' | '0.3' | undefined {
  if (named === undefined || named.trim() === '') return undefined;
  const [, version] = /^(\d+\.\d+)(?:\.\d+)?$/.exec(named.trim()) ?? [];
  if (version === '1.0' || version === '0.3') return version;
  throw new VersionNotSupportedError(`A2A version ${named} is not supported; 1.0 and 0.3 are`);
}

/** The dialect of a request, or undefined when its version has no such method. */
export function dialectOf(method: string, version: '1.0' | '0.3' | undefined): Dialect | undefined {
  // The SDK looks names up in plain objects, where `toString` is found too.
  if (method in {}) return undefined;
  if (isV1JsonRpcMethod(method)) return version === '0.3' ? undefined : '1.0';
  if (version === '1.0') return undefined;
  if (isLegacyJsonRpcMethod(method)) return '0.3';
  return OLDER_METHODS.has(method) ? '0.1' : undefined;
}

export type Bag = Record<string, unknown>;

export const isBag = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A request of the older names as the v0.3 one that means the same, and the task id its client chose. */
export function modernized(request: RpcRequest): { request: RpcRequest; alias?: string } {
  const method = OLDER_METHODS.get(request.method);
  if (method === undefined) return { request };
  if (!isBag(request.params)) return { request: { ...request, method } };
  if (!isSend(method)) {
    const params = { taskId: request.params.id, ...request.params };
    return { request: { ...request, method, params } };
  }
  const { id, sessionId, contextId, message, historyLength, metadata, pushNotification } = request.params;
  const context = sessionId ?? contextId;
  if (id !== undefined && id !== null && typeof id !== 'string')
    throw invalidParams('id', 'must be a string');
  const params: Bag = {
    message: isBag(message) ? modernMessage(message, context) : message,
    configuration: {
      ...(historyLength === undefined || historyLength === null ? {} : { historyLength }),
      ...(isBag(pushNotification) ? { pushNotificationConfig: pushNotification } : {}),
    },
    ...(isBag(metadata) ? { metadata } : {}),
  };
  return {
    request: { ...request, method, params },
    ...(typeof id === 'string' && id !== '' ? { alias: id } : {}),
  };
}

function modernMessage(message: Bag, contextId: unknown): Bag {
  return {
    ...(typeof contextId === 'string' ? { contextId } : {}),
    ...message,
    messageId: message.messageId ?? randomUUID(),
    kind: 'message',
    parts: Array.isArray(message.parts) ? message.parts.map(modernPart) : message.parts,
  };
}

/** Before v0.3 a part told its kind in `type`. */
const modernPart = (part: unknown): unknown =>
  isBag(part) && part.kind === undefined && part.type !== undefined ? { ...part, kind: part.type } : part;

/** Parts of a v0.3 message may still tell their kind in `type`. */
export function withPartKinds(request: RpcRequest): RpcRequest {
  if (!isBag(request.params) || !isBag(request.params.message)) return request;
  const { message } = request.params;
  if (!Array.isArray(message.parts)) return request;
  return {
    ...request,
    params: { ...request.params, message: { ...message, parts: message.parts.map(modernPart) } },
  };
}

/** In v0.3 a webhook may say several schemes; v1.0 and we know one, the first. */
export function withOneScheme(request: RpcRequest): RpcRequest {
  const { params } = request;
  if (!isBag(params)) return request;
  if (isBag(params.pushNotificationConfig)) return { ...request, params: oneScheme(params) };
  if (!isBag(params.configuration)) return request;
  return { ...request, params: { ...params, configuration: oneScheme(params.configuration) } };
}

function oneScheme(holder: Bag): Bag {
  const config = holder.pushNotificationConfig;
  if (!isBag(config) || !isBag(config.authentication)) return holder;
  const { schemes } = config.authentication;
  if (!Array.isArray(schemes)) return holder;
  const authentication = { ...config.authentication, schemes: schemes.slice(0, 1) };
  return { ...holder, pushNotificationConfig: { ...config, authentication } };
}

/** On JSON-RPC the path names the agent: a tenant in the parameters says nothing. */
export function withoutTenant(request: RpcRequest): RpcRequest {
  if (!isBag(request.params) || !('tenant' in request.params)) return request;
  const { tenant: _, ...params } = request.params;
  return { ...request, params };
}

/** Whether a v0.3 send is to wait: undefined when it does not say. */
export function blockingOf({ params }: RpcRequest): boolean | undefined {
  const configuration = isBag(params) ? params.configuration : undefined;
  const blocking = isBag(configuration) ? configuration.blocking : undefined;
  return typeof blocking === 'boolean' ? blocking : undefined;
}

export function returnsImmediately({ params }: RpcRequest): boolean {
  const configuration = isBag(params) ? params.configuration : undefined;
  return isBag(configuration) && configuration.returnImmediately === true;
}

/** A v0.3 answer as older readers expect it too: tasks carry `sessionId`, the last event of a send is final. */
export function forOlderReaders(result: unknown, dialect: Dialect, sendStream: boolean): unknown {
  if (!isBag(result)) return result;
  if (dialect === '0.1' && isBag(result.pushNotificationConfig)) return { ...result, id: result.taskId };
  if (result.kind === 'task') return { ...result, sessionId: result.contextId };
  if (result.kind !== 'status-update' && result.kind !== 'artifact-update') return result;
  const event: Bag =
    dialect === '0.1' ? { ...result, id: result.taskId, sessionId: result.contextId } : result;
  const state = isBag(event.status) ? event.status.state : undefined;
  const interrupted = state === 'input-required' || state === 'auth-required';
  return sendStream && interrupted ? { ...event, final: true } : event;
}
