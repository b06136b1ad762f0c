import { agentUrl } from '../test/support/rpc.ts';
import { FRESH_ID, type HttpRequest } from './load/connection.ts';

/** A JSON-RPC request of A2A v1.0. */
export const rpcRequest = (url: string, method: string, params: unknown): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'A2A-Version': '1.0' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
});

/** A blocking send of a new message each time; it continues a task when one is named. */
export const sendRequest = (base: string, code: string, taskId?: string): HttpRequest =>
  rpcRequest(agentUrl(base, code), 'SendMessage', {
    message: {
      role: 'ROLE_USER',
      messageId: FRESH_ID,
      ...(taskId === undefined ? {} : { taskId }),
      parts: [{ text: 'Hello' }],
    },
  });

export const getRequest = (url: string, id: string): HttpRequest => rpcRequest(url, 'GetTask', { id });
