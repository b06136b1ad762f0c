/** The SDK's own request handler on its own Postgres task store, without the product. */
import type { AddressInfo } from 'node:net';
import { AgentCard, Task } from '@a2a-js/sdk';
import { DefaultRequestHandler, ServerCallContext, UnauthenticatedUser } from '@a2a-js/sdk/server';
import { jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import express from 'express';
import pg from 'pg';
import { serveRequests } from '../child.ts';
import { createTable, dropTable, openTaskStore } from './sdk-store.ts';

export interface SdkSetup {
  databaseUrl: string;
  /** Tasks of A2A v1.0, as JSON. */
  tasks: unknown[];
}

const CARD = {
  name: 'bench',
  supportedInterfaces: [{ url: '/', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
};

serveRequests(async ({ databaseUrl, tasks }: SdkSetup) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  await createTable(pool);
  const store = openTaskStore(pool);
  const context = new ServerCallContext({ user: new UnauthenticatedUser(), requestedVersion: '1.0' });
  for (const task of tasks) await store.save(Task.fromJSON(task), context);
  const executor = { execute: async () => {}, cancelTask: async () => {} };
  const requestHandler = new DefaultRequestHandler(AgentCard.fromJSON(CARD), store, executor);
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use('/', jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return async (request: 'url' | 'clear') => {
    if (request === 'clear') await dropTable(pool);
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  };
});
