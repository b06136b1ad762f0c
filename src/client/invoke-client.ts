import type { InvokePart, InvokeTask, InvokeTaskState } from '../invoke/view.ts';
import { eventsIn } from './events.ts';
import { errorOf, Http, type InvokeClientOptions, InvokeError, pause, pauseAfter } from './http.ts';

/** What an agent is asked. */
export interface InvokeParams {
  /** Slug or UUID. */
  agentId: string;
  /** Groups tasks, and goes on with the one of them that waits. */
  sessionId?: string;
  /** The task to go on with. */
  taskId?: string;
  message: {
    role: 'user';
    /** Exactly one of text, data, url and raw (base64) each. */
    parts: InvokePart[];
    messageId?: string;
    metadata?: Record<string, unknown>;
  };
  skillIds?: string[];
  metadata?: Record<string, unknown>;
  configuration?: {
    acceptedOutputModes?: string[];
    historyLength?: number;
    returnImmediately?: boolean;
    taskPushNotificationConfig?: { url: string; headers?: Record<string, string> };
  };
  /** Country of the call, ISO 3166-1 alpha-2. */
  region?: string;
  maxCostUnits?: number;
  confirmRisky?: boolean;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  /** How many of the newest messages; all when absent. */
  historyLength?: number;
}

export interface InvokeOptions extends CallOptions {
  /** A new one for each call when absent: a call whose answer is lost is not made twice. */
  idempotencyKey?: string;
}

export interface TaskQuery {
  sessionId?: string;
  status?: InvokeTaskState;
  /** 1 to 100. */
  limit?: number;
  cursor?: string;
  /** How many of each task's newest messages; all when absent. */
  historyLength?: number;
}

export interface TaskList {
  tasks: InvokeTask[];
  /** Of the next page; null when there is none. */
  nextCursor: string | null;
}

const FINAL: ReadonlySet<InvokeTaskState> = new Set(['COMPLETED', 'FAILED', 'CANCELED', 'REJECTED']);

/** Calls agents by the invoke facade. What gets no answer is asked again, and done once. */
export class InvokeClient {
  readonly #http: Http;

  constructor(options: InvokeClientOptions) {
    this.#http = new Http(options);
  }

  /**
   * The agent's task once it has ended, or asks, or as it stands after as long as the host waits.
   * @throws InvokeError; whatever `fetch` throws while the host cannot be reached for so long.
   */
  async invoke(
    params: InvokeParams,
    { idempotencyKey = crypto.randomUUID(), signal }: InvokeOptions = {},
  ): Promise<InvokeTask> {
    const body = (await this.#http.json({
      method: 'POST',
      path: '/invoke',
      headers: { 'idempotency-key': idempotencyKey },
      body: { jsonrpc: '2.0', id: 1, method: 'a2a.sendMessage', params },
      signal,
    })) as { result?: { task: InvokeTask } };
    if (body?.result === undefined) throw errorOf(200, body);
    return body.result.task;
  }

  /** @throws InvokeError 404 when there is no such task for this caller. */
  async get(taskId: string, options: ReadOptions = {}): Promise<InvokeTask> {
    return (await this.#http.json({
      method: 'GET',
      path: `${pathOf(taskId)}${queryOf(options)}`,
      signal: options.signal,
    })) as InvokeTask;
  }

  /** The caller's tasks, newest first. @throws InvokeError. */
  async list(query: TaskQuery = {}, { signal }: CallOptions = {}): Promise<TaskList> {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const path = `/tasks?${new URLSearchParams(given)}`;
    return (await this.#http.json({ method: 'GET', path, signal })) as TaskList;
  }

  /** The canceled task. @throws InvokeError 409 when it has ended otherwise. */
  async cancel(
    taskId: string,
    { idempotencyKey = crypto.randomUUID(), signal }: InvokeOptions = {},
  ): Promise<InvokeTask> {
    return (await this.#http.json({
      method: 'POST',
      path: `${pathOf(taskId)}/cancel`,
      headers: { 'idempotency-key': idempotencyKey },
      signal,
    })) as InvokeTask;
  }

  /**
   * The task as it stands, then after each change, none left out, and its end once. A stream that breaks is opened
   * again where it broke, for as long as it takes.
   * @throws InvokeError when the host says that there is nothing to be watched; what `signal` was aborted with.
   */
  async *watch(taskId: string, options: ReadOptions = {}): AsyncGenerator<InvokeTask, void> {
    const { signal } = options;
    let seen: string | undefined;
    for (let tries = 0; ; tries++) {
      try {
        for await (const { id, task } of this.#events(taskId, seen, options)) {
          if (id !== undefined && id === seen) continue;
          seen = id;
          tries = 0;
          yield task;
          if (FINAL.has(task.status)) return;
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Over) return;
        if (error instanceof InvokeError && !mayComeBack(error)) throw error;
      }
      await pause(pauseAfter(tries), signal);
    }
  }

  async *#events(taskId: string, seen: string | undefined, options: ReadOptions) {
    const response = await this.#http.once({
      method: 'GET',
      path: `${pathOf(taskId)}/stream${queryOf(options)}`,
      headers: { accept: 'text/event-stream', ...(seen === undefined ? {} : { 'last-event-id': seen }) },
      signal: options.signal,
    });
    if (response.status === 204) throw new Over();
    if (!response.ok || response.body === null) {
      throw errorOf(response.status, await response.json().catch(() => undefined));
    }
    for await (const { id, type, data } of eventsIn(response.body)) {
      // The host tells of a failure of its own in the stream: another one goes on.
      if (type !== 'message') return;
      yield { id, task: JSON.parse(data) as InvokeTask };
    }
  }
}

/** The end has been seen. */
class Over extends Error {}

const mayComeBack = ({ status }: InvokeError): boolean => status >= 500 || status === 429;

const queryOf = ({ historyLength }: ReadOptions): string =>
  historyLength === undefined ? '' : `?historyLength=${historyLength}`;

const pathOf = (taskId: string): string => `/tasks/${encodeURIComponent(taskId)}`;
