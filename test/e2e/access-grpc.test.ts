/** Who may call what by gRPC: every method of the service with every credential, on the real product. */
import { Message } from '@a2a-js/sdk';
import { A2AService } from '@a2a-js/sdk/server/grpc';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrpcClient } from '../support/grpc.ts';
import { closedDoor, keysIn } from '../support/keys.ts';
import { killAllProducts, type Product, startProduct, temporaryDataDir } from '../support/product.ts';
import { userMessage, type Wire } from '../support/rpc.ts';

type Method = keyof typeof A2AService;
const AGENT = 'expense-approval';
const data = await temporaryDataDir();
const env = { DATA_DIR: data.path, GRPC_PORT: '0' };
let product: Product;
let grpc: GrpcClient;
const keys: Record<string, string> = {};
/** A task of `right`, which waits. */
let taskId = '';

const as = (who: string): Record<string, string> => {
  const key = keys[who];
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
};

beforeAll(async () => {
  product = await startProduct(env);
  const maker = await keysIn(data.path);
  keys.right = await maker.make('right', 'agents:invoke');
  keys.other = await maker.make('other', 'agents:invoke');
  keys.revoked = await maker.make('revoked', 'admin');
  keys.wrongScope = await maker.make('wrong-scope', 'receipts:read');
  await maker.revoke(keys.revoked);
  await maker.close();
  await closedDoor(product.url);
  const card = (await (
    await fetch(`${product.url}/orchestrator/a2a/v1/${AGENT}/.well-known/agent-card.json`)
  ).json()) as Wire;
  grpc = new GrpcClient(card.supportedInterfaces.find((each: Wire) => each.protocolBinding === 'GRPC').url);
  const message = Message.fromJSON(userMessage('1,200 USD chair'));
  taskId = (await grpc.call('sendMessage', { tenant: AGENT, message }, as('right'))).payload.value.id;
});

afterAll(async () => {
  grpc?.close();
  await killAllProducts();
  await data.remove();
});

interface Entry {
  request: () => Wire;
  /** What one is told who has the scope, and asks for what is somebody else's. */
  other: string;
  right: string;
}

const ofTask =
  (more: Wire = {}) =>
  () => ({ taskId, id: 'hook', ...more });
const continuing = () => ({
  message: Message.fromJSON(userMessage('yes', { taskId, contextId: 'not-its-own' })),
});

/** A new method fails until it stands here. The last one ends the task. */
const TABLE: Record<Method, Entry> = {
  sendMessage: { request: continuing, other: 'NOT_FOUND', right: 'INVALID_ARGUMENT' },
  sendStreamingMessage: { request: continuing, other: 'NOT_FOUND', right: 'INVALID_ARGUMENT' },
  getTask: { request: () => ({ id: taskId }), other: 'NOT_FOUND', right: 'OK' },
  listTasks: { request: () => ({}), other: 'OK', right: 'OK' },
  subscribeToTask: { request: () => ({ id: taskId }), other: 'NOT_FOUND', right: 'OK' },
  createTaskPushNotificationConfig: {
    request: ofTask({ url: 'https://192.0.2.1/hook', token: '' }),
    other: 'NOT_FOUND',
    right: 'OK',
  },
  getTaskPushNotificationConfig: { request: ofTask(), other: 'NOT_FOUND', right: 'OK' },
  listTaskPushNotificationConfigs: {
    request: ofTask({ pageSize: 0, pageToken: '' }),
    other: 'NOT_FOUND',
    right: 'OK',
  },
  deleteTaskPushNotificationConfig: { request: ofTask(), other: 'NOT_FOUND', right: 'OK' },
  getExtendedAgentCard: { request: () => ({}), other: 'FAILED_PRECONDITION', right: 'FAILED_PRECONDITION' },
  cancelTask: { request: () => ({ id: taskId }), other: 'NOT_FOUND', right: 'OK' },
};

it('every method of the service stands in the table', () => {
  expect(Object.keys(TABLE).sort()).toEqual(Object.keys(A2AService).sort());
});

const codeOf = (error: unknown): string => status[(error as ServiceError).code] ?? String(error);

/** The status of a call; of a stream, that of its first event. */
async function statusOf(method: Method, request: Wire, who: string): Promise<string> {
  if (!A2AService[method].responseStream) {
    return grpc.call(method, request, as(who)).then(
      () => 'OK',
      (error) => codeOf(error),
    );
  }
  const stream = grpc.stream(method, request, as(who));
  try {
    for await (const _ of stream) return 'OK';
    return 'OK';
  } catch (error) {
    return codeOf(error);
  } finally {
    stream.cancel();
  }
}

describe.each(Object.entries(TABLE) as [Method, Entry][])('%s', (method, { request, other, right }) => {
  it.each([
    ['nobody', 'UNAUTHENTICATED'],
    ['revoked', 'UNAUTHENTICATED'],
    ['wrongScope', 'PERMISSION_DENIED'],
    ['other', other],
    ['right', right],
  ])('%s: %s', async (who, expected) => {
    expect(await statusOf(method, { tenant: AGENT, ...request() }, who)).toBe(expected);
  });
});
