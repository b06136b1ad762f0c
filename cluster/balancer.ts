import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from '../test/support/proxy.ts';
import { until } from '../test/support/until.ts';

export interface Balancer {
  /** Where clients reach whichever host is up. */
  url: string;
  /** Those it chooses from, as `host:port`. */
  targets: Set<string>;
  /** Resolves once this target is known to be ready. */
  ready(target: string): Promise<void>;
  close(): Promise<void>;
}

const CHECK_WITHIN_MS = 2_000;

export interface BalancerOptions {
  /** A free one when absent. */
  port?: number;
  /** Asks each target for `/readyz` so often, and sends nothing new to those that are not ready while another is. */
  checkMs?: number;
}

/** A load balancer for TCP, as one stands before several hosts: each connection goes to the next one that takes it. */
export async function startBalancer({ port = 0, checkMs }: BalancerOptions = {}): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const targets = new Set<string>();
  const checks = new Checks(targets);
  const checking = checkMs === undefined ? undefined : setInterval(() => void checks.run(), checkMs);
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
    forward(client, checks.readyFirst([...all.slice(first), ...all.slice(0, first)]));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    ready: (target) => until(`${target} is ready`, () => checks.isReady(target) || undefined).then(() => {}),
    close: async () => {
      clearInterval(checking);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Which targets are ready, as they said last. */
class Checks {
  readonly #targets: ReadonlySet<string>;
  readonly #ready = new Map<string, boolean>();

  constructor(targets: ReadonlySet<string>) {
    this.#targets = targets;
  }

  isReady(target: string): boolean {
    return this.#ready.get(target) === true;
  }

  /** One of which nothing is known yet is no worse than the others. */
  readyFirst(targets: string[]): string[] {
    const notReady = (target: string) => this.#ready.get(target) === false;
    return [...targets.filter((target) => !notReady(target)), ...targets.filter(notReady)];
  }

  async run(): Promise<void> {
    await Promise.all([...this.#targets].map((target) => this.#check(target)));
  }

  async #check(target: string): Promise<void> {
    const signal = AbortSignal.timeout(CHECK_WITHIN_MS);
    const answer = await fetch(`http://${target}/readyz`, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    this.#ready.set(target, answer?.ok === true);
  }
}
