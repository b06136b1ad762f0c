import { expect, it } from 'vitest';
import type { GatewayAgent } from '../../src/gateway/agents.ts';
import type { JsonObject } from '../../src/receipts/receipt.ts';
import { Lines } from '../../src/remote/lines.ts';

const CARD = {
  name: 'Slow',
  description: 'Takes its time.',
  version: '1.0.0',
  supportedInterfaces: [{ url: 'http://agent.test/rpc', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
};
const agent = { agentId: 'slow', remote: { card: CARD, allowPrivate: true } } as unknown as GatewayAgent;

/** Lines to an agent that never answers, and how often a call was counted. */
function silent(envelope?: JsonObject) {
  const seen: boolean[] = [];
  const fetchTo = () =>
    (async (_input: unknown, init?: RequestInit) => {
      init?.signal?.throwIfAborted();
      return new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    }) as typeof fetch;
  const lines = new Lines({
    fetchTo,
    store: { seen: async (_id, { answered }) => void seen.push(answered) },
  });
  const call = (reason?: unknown) => {
    const controller = new AbortController();
    const called = lines.call(
      { agent, envelope },
      ({ client }) =>
        client.getTask({ tenant: '', id: 'x', historyLength: 0 }, { signal: controller.signal }),
      controller.signal,
    );
    controller.abort(reason);
    return called.catch((error: { status: number; message: string }) => error);
  };
  return { call, seen };
}

it('a request that is given up says nothing of its agent', async () => {
  const { call, seen } = silent();
  for (let times = 0; times < 7; times++) {
    expect(await call()).toMatchObject({ status: 503, message: expect.stringMatching(/broken off/) });
  }
  expect(seen).toEqual([]);
});

it('one that its agent answers with an error says that it is there', async () => {
  const refusing = (async () =>
    Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'no' } })) as typeof fetch;
  const seen: boolean[] = [];
  const lines = new Lines({
    fetchTo: () => refusing,
    store: { seen: async (_id, { answered }) => void seen.push(answered) },
  });
  for (let times = 0; times < 7; times++) {
    await expect(
      lines.call({ agent }, ({ client }) => client.getTask({ tenant: '', id: 'x', historyLength: 0 })),
    ).rejects.toMatchObject({ status: 502, message: 'The agent says: no' });
  }
  expect(seen).toHaveLength(7);
});

it('one in the caller’s own words may take its time', async () => {
  const { call } = silent({ message: {} });
  const late = new DOMException('late', 'TimeoutError');
  for (let times = 0; times < 7; times++) expect(await call(late)).toMatchObject({ status: 504 });
});

it('one whose time is up does: after five in a row it counts as away', async () => {
  const { call, seen } = silent();
  const late = new DOMException('late', 'TimeoutError');
  for (let times = 0; times < 5; times++) expect(await call(late)).toMatchObject({ status: 504 });
  expect(await call(late)).toMatchObject({
    status: 502,
    message: expect.stringMatching(/not answered lately/),
  });
  expect(seen).toEqual([false, false, false, false, false]);
});
