import { randomUUID } from 'node:crypto';
import { HostError, invalidParams, taskNotFound } from '../errors.ts';
import { checkId } from '../tasks/message.ts';
import type { NewPushConfig, PushShape, TaskKey } from '../tasks/ports.ts';
import type { TaskService } from '../tasks/service.ts';
import type { Task } from '../tasks/task.ts';
import type { PushEngine, PushStore, StoredConfig } from './ports.ts';
import { checkConfig, MAX_CONFIGS, type PushConfig, type WantedConfig } from './push-config.ts';
import type { ConfigSecrets } from './secrets.ts';

export interface PushServiceOptions {
  tasks: Pick<TaskService, 'get'>;
  store: PushStore;
  secrets: ConfigSecrets;
  engine: PushEngine;
}

/** How a webhook's delivery stands; its secrets are not among it. */
export type Delivery = Omit<StoredConfig, 'key' | 'secrets' | 'taskId' | 'bodies' | 'shape'>;

/** The webhooks of a task, for its owner alone. */
export class PushService {
  readonly #options: PushServiceOptions;

  constructor(options: PushServiceOptions) {
    this.#options = options;
  }

  /**
   * A config to be sent along with a message.
   * @param path of the config in the request, with a dot at its end.
   * @throws HostError `invalid_params`.
   */
  prepare(config: WantedConfig, shape: PushShape, path: string): NewPushConfig {
    checkConfig(config, path);
    return this.#sealed(config, shape);
  }

  /**
   * Sets a config; one with the same id is replaced. A task that has ended takes it too, and has no more to tell.
   * @throws HostError `invalid_params`, `task_not_found`.
   */
  async set(key: TaskKey, config: WantedConfig, shape: PushShape): Promise<PushConfig> {
    checkConfig(config, '');
    const { store, engine } = this.#options;
    const task = await this.#task(key);
    const saved = await store.save(task.id, this.#sealed(config, shape), MAX_CONFIGS);
    if (saved === undefined) throw invalidParams('id', `the task has ${MAX_CONFIGS} push configs already`);
    // Replaced, and not told everything: what the former one did not take. The sweep makes up for an engine away.
    if (saved.state === 'live' && saved.delivered < saved.version) await quietly(engine.deliver(task.id));
    return this.#opened(saved);
  }

  /**
   * Without an id the config that was set first.
   * @throws HostError `task_not_found`, for a config that is not there too (A2A v1.0 §3.1.8).
   */
  async get(key: TaskKey, id: string | undefined): Promise<PushConfig> {
    if (id !== undefined) checkId('id', id);
    const found = await this.#options.store.find((await this.#task(key)).id, id);
    if (found === undefined) throw taskNotFound();
    return this.#opened(found);
  }

  /** @throws HostError `task_not_found`. */
  async list(key: TaskKey, page: { after?: string; limit: number }): Promise<PushConfig[]> {
    const { id } = await this.#task(key);
    return (await this.#options.store.list(id, page)).map((config) => this.#opened(config));
  }

  /** What is not there is removed already. @throws HostError `task_not_found`. */
  async remove(key: TaskKey, id: string): Promise<void> {
    checkId('id', id);
    await this.#options.store.remove((await this.#task(key)).id, id);
  }

  /** How the deliveries to the task's webhooks stand. @throws HostError `task_not_found`. */
  async deliveries(key: TaskKey): Promise<Delivery[]> {
    const { id } = await this.#task(key);
    const configs = await this.#options.store.list(id, { limit: MAX_CONFIGS });
    return configs.map(({ key: _, secrets, taskId, bodies, shape, ...delivery }) => delivery);
  }

  /** A task that was set up with a webhook has ended as it began. The sweep makes up for an engine away. */
  tell(taskId: string): Promise<void> {
    return quietly(this.#options.engine.deliver(taskId));
  }

  #task(key: TaskKey): Promise<Task> {
    return this.#options.tasks.get(key);
  }

  #sealed({ id, url, ...secret }: WantedConfig, shape: PushShape): NewPushConfig {
    const key = randomUUID();
    // Older clients of A2A that name none have one webhook a task: the task's id names it.
    const named = id ?? (shape === '0.3' ? undefined : randomUUID());
    const secrets = this.#options.secrets.seal(secret, key);
    return { key, ...(named === undefined ? {} : { id: named }), url, secrets, shape };
  }

  #opened(stored: StoredConfig): PushConfig {
    return { id: stored.id, url: stored.url, ...this.#options.secrets.open(stored) };
  }
}

async function quietly(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof HostError && error.code === 'unavailable')) throw error;
  });
}
