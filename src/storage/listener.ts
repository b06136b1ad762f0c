import pg from 'pg';
import type { Logger } from 'pino';
import { BULLETIN_CHANNEL } from './bulletin.ts';
import { TASK_CHANNEL } from './change-log.ts';

const PING_EVERY_MS = 2_000;
const PING_TIMEOUT_MS = 2_000;
const RETRY_MS = [100, 250, 500, 1_000] as const;

export interface ListenerEvents {
  /** A task changed. */
  changed(taskId: string): void;
  /** One process told all. */
  told(note: string): void;
  /** What was sent while nobody listened is lost: everything watched is to be read again. */
  reconnected(): void;
}

/**
 * The process's one LISTEN connection. It is pinged, because a half-open connection shows no error by
 * itself, and opened again for as long as it takes.
 */
export class Listener {
  readonly #url: string;
  readonly #events: ListenerEvents;
  readonly #log: Logger;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: string, events: ListenerEvents, log: Logger) {
    this.#url = url;
    this.#events = events;
    this.#log = log;
  }

  /** Resolves once the process listens. */
  async open(): Promise<void> {
    await this.#connect();
    this.#schedulePing();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 3_000,
      query_timeout: PING_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('notification', ({ channel, payload }) => {
      if (payload === undefined) return;
      if (channel === BULLETIN_CHANNEL) this.#events.told(payload);
      else this.#events.changed(payload);
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      await client.connect();
      await client.query(`listen ${BULLETIN_CHANNEL}`);
      await client.query(`listen ${TASK_CHANNEL}`);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    // Closed while it connected: nobody else ends this one.
    if (this.#closed) await this.close();
  }

  #schedulePing(): void {
    this.#timer = setTimeout(() => void this.#ping(), PING_EVERY_MS).unref();
  }

  async #ping(): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#closed) return;
    try {
      await client.query('select 1');
      this.#schedulePing();
    } catch {
      this.#lost(client);
    }
  }

  #lost(client: pg.Client): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    clearTimeout(this.#timer);
    client.end().catch(() => undefined);
    this.#log.warn('the change feed lost its connection to Postgres; connecting again');
    this.#reconnect(0);
  }

  #reconnect(attempt: number): void {
    const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
    this.#timer = setTimeout(async () => {
      if (this.#closed) return;
      try {
        await this.#connect();
      } catch {
        this.#reconnect(attempt + 1);
        return;
      }
      if (this.#closed) return;
      this.#log.info('the change feed is connected again');
      this.#schedulePing();
      this.#events.reconnected();
    }, wait).unref();
  }
}
