import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  address: string;
  port: number;
  /** Where new connections go. */
  target: string;
  /** Breaks every connection off and refuses new ones until `open`. */
  close(): void;
  open(): void;
  stop(): Promise<void>;
}

/** Makes one connection of two: what one says the other hears, and both end together. `open` holds them until then. */
export function join(client: Socket, upstream: Socket, open: Set<Socket>): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    open.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      open.delete(from);
      to.destroy();
    });
  }
}

/** A TCP proxy whose address stays the same while the server behind it is killed and started anew. */
export async function startProxy(target: string): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let closed = false;
  const server = createServer((client) => {
    if (closed) {
      client.destroy();
      return;
    }
    const [host, port] = proxy.target.split(':');
    const upstream = connect(Number(port), host as string);
    join(client, upstream, sockets);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: Proxy = {
    address: `127.0.0.1:${port}`,
    port,
    target,
    close: () => {
      closed = true;
      drop();
    },
    open: () => {
      closed = false;
    },
    stop: async () => {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
