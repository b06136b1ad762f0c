import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Wire } from './rpc.ts';

export interface Notification {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came. */
  text: string;
  body: Wire;
  at: number;
}

/** What a webhook does with a notification; one that does nothing stalls. */
type Answer = (res: ServerResponse, notification: Notification) => void;

export interface Webhook {
  url: string;
  port: number;
  /** All that came, in order, whatever was answered. */
  received: Notification[];
  /** What was answered with 200, each id once. */
  taken: Notification[];
  answer: Answer;
  close(): Promise<void>;
}

export const ok: Answer = (res) => res.writeHead(200).end();
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (res) =>
    res.writeHead(code, headers).end();

/** A real webhook server on 127.0.0.1. */
export async function startWebhook(answer: Answer = ok): Promise<Webhook> {
  const ids = new Set<unknown>();
  const server = createServer(async (req, res) => {
    const given = await text(req);
    const notification: Notification = {
      path: req.url ?? '',
      headers: req.headers,
      text: given,
      body: JSON.parse(given),
      at: Date.now(),
    };
    webhook.received.push(notification);
    res.on('finish', () => {
      const id = req.headers['webhook-id'];
      if (res.statusCode !== 200 || ids.has(id)) return;
      ids.add(id);
      webhook.taken.push(notification);
    });
    webhook.answer(res, notification);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const webhook: Webhook = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received: [],
    taken: [],
    answer,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return webhook;
}
