import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from '../test/support/proxy.ts';

export interface Balancer {
  /** Where clients reach whichever host is up. */
  url: string;
  /** Those it chooses from, as `host:port`. */
  targets: Set<string>;
  close(): Promise<void>;
}

/** A load balancer for TCP, as one stands before several hosts: each connection goes to the next one that takes it. */
export async function startBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const targets = new Set<string>();
  let turn = 0;

  function forward(client: Socket, left: string[]): void {
    const target = left.shift();
    if (target === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const [host, port] = target.split(':');
    const upstream = connect(Number(port), String(host));
    const next = () => forward(client, left);
    upstream.once('error', next);
    upstream.once('connect', () => {
      upstream.off('error', next);
      join(client, upstream, sockets);
    });
  }

  const server = createServer((client) => {
    const all = [...targets];
    const first = turn++ % Math.max(all.length, 1);
    client.on('error', () => client.destroy());
    forward(client, [...all.slice(first), ...all.slice(0, first)]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
