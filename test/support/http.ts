import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Router } from 'express';

/** A real server on a free port with one router mounted as the host mounts it. */
export async function serveRouter(
  path: string,
  router: Router,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(express().disable('etag').use(path, router));
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
