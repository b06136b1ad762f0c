import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Product } from '../test/support/product.ts';
import { until } from '../test/support/until.ts';
import { launch } from './launch.ts';

// Its servers may be away for most of it.
const UP_MS = 180_000;

export interface MemberListener {
  /** Where it is each time that it is ready. */
  ready?(url: string): void;
  /** Each line that it writes. */
  line?(line: string): void;
  /** That it ended, and nobody made it. */
  problem?(problem: string): void;
}

/** One process of the deployment, started again whenever it ends, as a supervisor would. */
export class Member {
  readonly name: string;
  readonly #env: Record<string, string>;
  readonly #hears: MemberListener;
  readonly #problems: string[] = [];
  /** How often it was started. */
  starts = 0;
  #product: Product | undefined;
  #expected = false;
  #over = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(name: string, env: Record<string, string>, hears: MemberListener = {}) {
    this.name = name;
    this.#env = env;
    this.#hears = hears;
  }

  /** Resolves when it is ready for the first time. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#ended = this.#supervise(resolve);
    });
  }

  async #supervise(ready: () => void): Promise<void> {
    while (!this.#over) {
      this.starts += 1;
      const product = await launch(this.#env, (line) => this.#hears.line?.(line));
      if (product === undefined) {
        // Its servers were away; a supervisor tries again.
        await delay(500);
        continue;
      }
      this.#expected = this.#over;
      this.#product = product;
      if (this.#over) break;
      this.#hears.ready?.(product.url);
      ready();
      const { code, signal } = await product.exited;
      this.#product = undefined;
      if (this.#expected) continue;
      // Its last words may still be on their way.
      await delay(500);
      const problem = `${this.name} ended by itself (${signal ?? code}): ${lastOf(product.log())}`;
      this.#problems.push(problem);
      this.#hears.problem?.(problem);
    }
  }

  /** What it did that nobody made it do. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Sends a signal that ends it, once it is up, and returns when it has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const product = await this.up();
    this.#expected = true;
    const { code } = await product.end(signal);
    if (signal === 'SIGTERM' && code !== 0)
      this.#problems.push(`${this.name}: exit code ${code} after SIGTERM: ${lastOf(product.log())}`);
  }

  /** Stops it for a while without its knowledge. */
  async pause(ms: number): Promise<void> {
    const { pid } = await this.up();
    process.kill(pid, 'SIGSTOP');
    await delay(ms);
    process.kill(pid, 'SIGCONT');
  }

  up(): Promise<Product> {
    return until(`${this.name} is up`, () => this.#product, UP_MS);
  }

  /** Open file descriptors, sockets included, of a process that is up. */
  async handles(): Promise<number> {
    return (await readdir(`/proc/${(await this.up()).pid}/fd`)).length;
  }

  /** What it says of itself, below, on standard error, once it is asked by a signal. */
  async tells(signal: NodeJS.Signals, answer: RegExp): Promise<string> {
    const { pid, log } = await this.up();
    const told = log().length;
    process.kill(pid, signal);
    return until(`${this.name} answers ${signal}`, () => answer.exec(log().slice(told))?.[1]);
  }

  async stop(): Promise<void> {
    this.#over = true;
    this.#expected = true;
    await this.#product?.end('SIGTERM');
    await this.#ended;
    await this.#product?.end('SIGTERM');
  }
}

const lastOf = (log: string): string => log.trim().split('\n').slice(-40).join(' | ').slice(-4_000);
