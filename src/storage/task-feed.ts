import type { Logger } from 'pino';
import { unavailable } from '../errors.ts';
import type { TaskNews } from '../tasks/overview.ts';
import type { Subscription, TaskFeed } from '../tasks/ports.ts';
import type { TaskChange } from '../tasks/task.ts';
import { AcceptedNotes } from './accepted-notes.ts';
import type { Bulletin } from './bulletin.ts';
import { ChangeQueue } from './change-queue.ts';
import type { PrismaClient } from './generated/client.ts';
import { Listener } from './listener.ts';
import { type ChangeRow, toChange } from './rows.ts';

/** How many changes are read at once; what is left is read right after. */
const READ_LIMIT = 1_000;
/** Every watched task is read again this often, whatever the notifications said. */
const REREAD_EVERY_MS = 30_000;
const RETRY_READ_MS = 250;

/**
 * Changes by LISTEN/NOTIFY: a notification is only an id; the changed tasks' new log rows are read together
 * and handed to each watcher in order, so that a notification lost or repeated does no harm.
 */
export class PostgresTaskFeed implements TaskFeed, TaskNews {
  readonly #db: PrismaClient;
  readonly #log: Logger;
  readonly #listener: Listener;
  readonly #watched = new Map<string, Set<ChangeQueue>>();
  readonly #dirty = new Set<string>();
  readonly #hearers = new Set<(taskId: string | undefined) => void>();
  readonly #fed: (lagMs: number) => void;
  readonly #accepted: AcceptedNotes | undefined;
  readonly #waits: () => boolean;
  #reading = false;
  #reread: NodeJS.Timeout | undefined;
  #failing = false;
  #closed = false;

  /**
   * @param options.bulletin hears what comes over the same connection; by it all processes hear of new tasks.
   * @param options.fed hears how long after its record a change was read.
   * @param options.waits is told, in the context of who subscribes, that from here on it waits; when it may not, the
   * subscription ends before any change.
   */
  constructor(options: {
    db: PrismaClient;
    url: string;
    bulletin?: Bulletin;
    fed?(lagMs: number): void;
    waits?(): boolean;
    log: Logger;
  }) {
    this.#fed = options.fed ?? (() => {});
    this.#waits = options.waits ?? (() => true);
    this.#db = options.db;
    this.#log = options.log;
    if (options.bulletin !== undefined) {
      this.#accepted = new AcceptedNotes(options.bulletin, options.log);
      this.#accepted.hear((taskId) => this.#tell(taskId));
    }
    this.#listener = new Listener(
      options.url,
      {
        changed: (taskId) => {
          this.#changed(taskId);
          this.#tell(taskId);
        },
        told: (note) => options.bulletin?.heard(note),
        reconnected: () => {
          this.#changedAll();
          this.#tell(undefined);
          options.bulletin?.reconnected();
        },
      },
      options.log,
    );
  }

  /** Streams open in this process. */
  get subscriptions(): number {
    let open = 0;
    for (const queues of this.#watched.values()) open += queues.size;
    return open;
  }

  async open(): Promise<void> {
    await this.#listener.open();
    this.#reread = setInterval(() => this.#changedAll(), REREAD_EVERY_MS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reread);
    this.#accepted?.close();
    await this.#listener.close();
    for (const queues of this.#watched.values()) for (const queue of queues) queue.end();
  }

  async subscribe(taskId: string, signal: AbortSignal): Promise<Subscription> {
    if (this.#closed) throw unavailable('The host is stopping');
    const mayWait = this.#waits();
    const queue = new ChangeQueue();
    const queues = this.#watched.get(taskId) ?? new Set();
    this.#watched.set(taskId, queues.add(queue));
    const leave = () => {
      signal.removeEventListener('abort', leave);
      queue.end();
      queues.delete(queue);
      if (queues.size === 0 && this.#watched.get(taskId) === queues) this.#watched.delete(taskId);
    };
    if (signal.aborted || !mayWait) leave();
    else signal.addEventListener('abort', leave);
    return {
      after: (version) => {
        queue.start(version);
        this.#changed(taskId);
        return queue.drain(leave);
      },
    };
  }

  /** Tells those who hear of any task, in every process, of one that has not changed yet. */
  accepted(taskId: string): void {
    this.#accepted?.tell(taskId);
  }

  onAny(hear: (taskId: string | undefined) => void): () => void {
    this.#hearers.add(hear);
    return () => void this.#hearers.delete(hear);
  }

  #tell(taskId: string | undefined): void {
    for (const hear of this.#hearers) hear(taskId);
  }

  #changed(taskId: string): void {
    if (!this.#watched.has(taskId)) return;
    this.#dirty.add(taskId);
    if (!this.#reading) void this.#read();
  }

  #changedAll(): void {
    for (const taskId of this.#watched.keys()) this.#changed(taskId);
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#dirty.size > 0 && !this.#closed) {
        const wanted = this.#takeWanted();
        if (wanted.size === 0) continue;
        try {
          await this.#readChanges(wanted);
          this.#failing = false;
        } catch (error) {
          if (!this.#failing) this.#log.warn({ err: error }, 'could not read changes; trying again');
          this.#failing = true;
          for (const taskId of wanted.keys()) this.#dirty.add(taskId);
          await new Promise((resolve) => setTimeout(resolve, RETRY_READ_MS).unref());
        }
      }
    } finally {
      this.#reading = false;
    }
  }

  /** The changed tasks somebody waits for, and after which version. */
  #takeWanted(): Map<string, number> {
    const wanted = new Map<string, number>();
    for (const taskId of this.#dirty) {
      const versions = [...(this.#watched.get(taskId) ?? [])].flatMap((queue) => queue.version ?? []);
      if (versions.length > 0) wanted.set(taskId, Math.min(...versions));
    }
    this.#dirty.clear();
    return wanted;
  }

  async #readChanges(wanted: Map<string, number>): Promise<void> {
    const rows = await this.#db.$queryRaw<ChangeRow[]>`
      select c.task_id::text, c.version, c.state, c.status_message, not t.shown as reply, c.at,
        coalesce((select json_agg(a.body order by a.ordinal) from task_artifact a
                  where a.task_id = c.task_id and a.version = c.version), '[]') as artifacts,
        coalesce((select json_agg(m.body order by m.id) from task_message m
                  where m.task_id = c.task_id and m.version = c.version), '[]') as messages
      from unnest(${[...wanted.keys()]}::uuid[], ${[...wanted.values()]}::int[]) w(id, version)
      join task_change c on c.task_id = w.id and c.version > w.version
      join task t on t.id = c.task_id
      order by c.task_id, c.version
      limit ${READ_LIMIT}`;
    for (const row of rows) {
      const change: TaskChange = toChange(row);
      const queues = [...(this.#watched.get(change.taskId) ?? [])];
      for (const queue of queues) queue.push(change);
      // What was before a stream has come late to nobody.
      if (queues.some(({ since }) => since <= row.at.getTime())) this.#fed(Date.now() - row.at.getTime());
    }
    // The limit may have cut a task's changes, or whole tasks, off.
    if (rows.length === READ_LIMIT) for (const taskId of wanted.keys()) this.#dirty.add(taskId);
  }
}
