/** Which surface tells a refusal of a path, whatever is in it. */
import { expect, it } from 'vitest';
import { refusalBodies } from '../../src/auth/refusal-bodies.ts';
import { SURFACES } from '../../src/surfaces.ts';

const bodyOf = refusalBodies(SURFACES);
const plain = { message: 'no', status: 400 };
const gateway = { error: { code: 'invalid_request', message: 'no' } };
const rpc = { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no' }, ...plain };
const rest = { error: { code: 400, status: expect.any(String), message: 'no', details: expect.any(Array) } };

it.each<[string, object]>([
  ['/v1/agents/%00/invoke', gateway],
  ['/V1/Agents/%zz', gateway],
  ['/v1', gateway],
  ['/v1/nowhere/at/all', gateway],
  ['/v1/receipts/checkpoint/', gateway],
  ['/v1x', plain],
  ['/v1/a2a/tasks/%zz', plain],
  ['/v1/a2a/nowhere', plain],
  ['/orchestrator/a2a/v1/%00', rpc],
  ['/orchestrator/a2a/v1/%00/stream', rpc],
  ['/orchestrator/a2a/v1/echo/rest/tasks/%00', rest],
  ['/orchestrator/a2a/v1/echo/rest/tasks/%00:cancel', rest],
  ['/orchestrator/a2a/v1/files/%00', plain],
  ['/orchestrator/a2a/v1/echo/.well-known/agent.json', plain],
  ['/', plain],
  ['/%00', plain],
])('%s', (path, body) => {
  expect(bodyOf(path)(400, 'no')).toMatchObject(body);
});
