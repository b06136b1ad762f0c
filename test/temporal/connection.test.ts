import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';

let server: Http2Server;
let address: string;

/** Refuses whoever asks, as a Temporal that does not know the key; without TLS. */
beforeAll(async () => {
  server = createServer().on('stream', (stream) => {
    const refusal = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized.' };
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((done) => server.close(done)));

it.each([
  [{ TEMPORAL_TLS: 'true' }, 'it does not speak TLS'],
  [{ TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'wrong-key' }, 'Request unauthorized.'],
])('with %j it is told why Temporal does not answer', async (env, reason) => {
  const refused = await connectTemporal(readConfig(env), address).catch((error: Error) => error);
  expect(refused).toMatchObject({ code: 'unavailable', message: expect.stringContaining(reason) });
  expect((refused as Error).message).toContain(`Temporal does not answer at ${address}: `);
  expect((refused as Error).message).not.toContain('wrong-key');
});
