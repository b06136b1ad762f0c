import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Router } from 'express';
import { type Caller, LOCAL_CALLER } from '../../src/auth/caller.ts';
import { recognise } from '../../src/auth/guard.ts';

/** A real server on a free port with one router mounted as the host mounts it; the caller stands for the guard. */
export async function serveRouter(
  path: string,
  router: Router,
  caller: Caller = LOCAL_CALLER,
): Promise<{ url: string; close(): Promise<void> }> {
  const app = express().disable('etag');
  app.use((req, _res, next) => {
    recognise(req, caller);
    next();
  });
  const server = createServer(app.use(path, router));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
