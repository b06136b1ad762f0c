import type { KeyObject } from 'node:crypto';
import { HostError } from '../errors.ts';
import type { FileUrl } from '../tasks/file-parts.ts';
import type { TaskFeed } from '../tasks/ports.ts';
import { delayAfter, isExpired, type Verdict, verdictOn } from './attempts.ts';
import { headersOf } from './headers.ts';
import { Pages } from './pages.ts';
import {
  type FailedTry,
  type Post,
  PostError,
  type PushEngine,
  type PushStore,
  type Stopped,
  type StoredConfig,
  type WriteBodies,
} from './ports.ts';
import { Round } from './round.ts';
import type { ConfigSecrets } from './secrets.ts';

/** How long a webhook may take to answer. */
const TRY_MS = 15_000;
/** Younger ones are still in the hands of whoever was told of the change. */
const SILENT_MS = 5_000;
const LATE_MS = 60_000;
const REPAIRED_AT_ONCE = 200;

export interface PushDeliveryOptions {
  store: PushStore;
  feed: TaskFeed;
  engine: PushEngine;
  secrets: ConfigSecrets;
  post: Post;
  write: WriteBodies;
  /** Where large files are read. */
  fileUrl: FileUrl | undefined;
  /** Hears of each try that failed. */
  failed(failure: FailedTry): void;
  /** Ed25519. */
  signingKey: KeyObject;
}

/**
 * Tells webhooks what the change log says, each in order and at its own pace: how far it was told lies in the record,
 * so that whatever dies the next try goes on there.
 */
export class PushDelivery {
  readonly #options: PushDeliveryOptions;

  constructor(options: PushDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Tells the task's webhooks all they have not heard, until none is behind. One that fails is left to its own
   * retries, and no longer waited for.
   */
  async deliver(taskId: string, signal: AbortSignal): Promise<void> {
    const { store, feed } = this.#options;
    const pages = new Pages(taskId, this.#options);
    const round = new Round({ store, feed, tell: (config) => this.#tell(config, pages, signal) });
    await round.run(taskId, signal);
  }

  /**
   * Tries a failing webhook once.
   * @returns after how long it is to be tried again; undefined when that is no longer needed.
   */
  async retry(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { store, engine } = this.#options;
    const config = await store.byKey(key);
    if (config === undefined || config.state !== 'live' || config.failures === 0) return undefined;
    const [next] = await new Pages(config.taskId, this.#options).after(config);
    // It has heard of all there is, and is to be told the next change as any other.
    if (next === undefined) {
      await store.advance(key, config.delivered, config.bodies);
      return undefined;
    }
    const stopped = await this.#step(config, next, signal);
    if (stopped !== undefined) return stopped.delayMs;
    // It takes again: with the others of its task from here on.
    await engine.deliver(config.taskId);
    return undefined;
  }

  /** Has those told whom a death between two steps left behind. @returns how many. */
  async repair(): Promise<number> {
    const { store, engine } = this.#options;
    const tasks = await store.tasksBehind(SILENT_MS, REPAIRED_AT_ONCE);
    for (const taskId of tasks) await engine.deliver(taskId);
    const overdue = await store.overdue(LATE_MS, REPAIRED_AT_ONCE);
    for (const config of overdue) await engine.retry(config, 0);
    return tasks.length + overdue.length;
  }

  /** Until it has heard of all there was when the config was read, or fails. */
  async #tell(config: StoredConfig, pages: Pages, signal: AbortSignal): Promise<void> {
    let { delivered, bodies } = config;
    while (delivered < config.version) {
      const told = await pages.after({ ...config, delivered });
      if (told.length === 0) throw new Error(`the change log of task ${config.taskId} ends at ${delivered}`);
      for (const change of told) {
        const stopped = await this.#step({ ...config, delivered, bodies }, change, signal);
        if (stopped?.delayMs !== undefined) {
          await this.#retryLater({ key: config.key, delivered, bodies: stopped.bodies }, stopped.delayMs);
        }
        if (stopped !== undefined) return;
        delivered = change.version;
        bodies = 0;
      }
    }
  }

  /** The next try is on record: one that could not be asked for now is found overdue by the sweep. */
  async #retryLater(stopped: Stopped, delayMs: number): Promise<void> {
    try {
      await this.#options.engine.retry(stopped, delayMs);
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== 'unavailable') throw error;
    }
  }

  /**
   * Posts what a config has not taken of one change.
   * @returns undefined when it has taken all of it and may be told more.
   */
  async #step(
    config: StoredConfig,
    { version, bodies }: { version: number; bodies: string[] },
    signal: AbortSignal,
  ): Promise<{ bodies: number; delayMs?: number } | undefined> {
    const { store } = this.#options;
    const last = bodies.length - 1;
    for (let at = config.bodies; at <= last; at++) {
      const id = `${config.key}.${version}.${at}`;
      const verdict = await this.#post(config, { id, body: bodies[at] as string }, signal);
      if (verdict.outcome !== 'taken') return { bodies: at, ...(await this.#failed(config, verdict)) };
      if (at < last && !(await store.advance(config.key, config.delivered, at + 1))) return { bodies: at };
    }
    return (await store.advance(config.key, version, 0)) ? undefined : { bodies: 0 };
  }

  async #failed(
    { key, taskId, id, failures, failingSince }: StoredConfig,
    verdict: Exclude<Verdict, { outcome: 'taken' }>,
  ): Promise<{ delayMs?: number }> {
    const { store, failed } = this.#options;
    const failure = { taskId, id, failures: failures + 1 };
    const giveUp = async (state: 'gone' | 'expired', problem: string) => {
      await store.end(key, state, problem);
      failed({ ...failure, problem });
      return {};
    };
    if (verdict.outcome === 'gone') return giveUp('gone', 'answered 410');
    const { problem, retryAfterMs } = verdict;
    if (isExpired(failingSince, Date.now())) return giveUp('expired', problem);
    const delayMs = delayAfter(failures + 1, retryAfterMs, Math.random());
    const dueAt = new Date(Date.now() + delayMs);
    await store.fail(key, { problem, dueAt });
    failed({ ...failure, problem, dueAt });
    return { delayMs };
  }

  async #post(
    config: StoredConfig,
    { id, body }: { id: string; body: string },
    stop: AbortSignal,
  ): Promise<Verdict> {
    const { secrets, signingKey, post } = this.#options;
    const timestamp = Math.floor(Date.now() / 1_000);
    const headers = headersOf({ id, body, timestamp }, secrets.open(config), signingKey);
    const limit = new AbortController();
    const abort = () => limit.abort();
    const timer = setTimeout(abort, TRY_MS);
    stop.addEventListener('abort', abort);
    try {
      return verdictOn(await post({ url: config.url, headers, body, signal: limit.signal }), Date.now());
    } catch (error) {
      // The worker stops: the webhook is not to blame, and another try tells it.
      stop.throwIfAborted();
      if (error instanceof PostError) return { outcome: 'failed', problem: error.message };
      throw error;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', abort);
    }
  }
}
