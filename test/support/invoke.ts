import { randomUUID } from 'node:crypto';
import { asDescribed } from './described.ts';
import { type Answer, post, type Wire } from './rpc.ts';
import { until } from './until.ts';

/** The invoke facade as a program written against its document uses it. */
export class InvokeCaller {
  readonly base: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.base = `${url}/v1/a2a`;
    this.#headers = headers;
  }

  /** Any body to `/invoke`. */
  async post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const url = `${this.base}/invoke`;
    return asDescribed('POST', url, await post(url, body, { ...this.#headers, ...headers }));
  }

  send(params: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post({ jsonrpc: '2.0', id: 1, method: 'a2a.sendMessage', params }, headers);
  }

  /** The task of a call that must succeed. */
  async invoke(params: unknown, headers: Record<string, string> = {}): Promise<Wire> {
    const { status, body } = await this.send(params, headers);
    if (status !== 200 || body.error) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.result.task;
  }

  async get(path: string): Promise<Answer> {
    const url = `${this.base}${path}`;
    const response = await fetch(url, { headers: this.#headers });
    const { status, headers } = response;
    return asDescribed('GET', url, { status, headers, body: await response.json() });
  }

  async cancel(taskId: string): Promise<Answer> {
    const url = `${this.base}/tasks/${taskId}/cancel`;
    return asDescribed('POST', url, await post(url, '', this.#headers));
  }

  /** The task once it has this status. */
  reached(taskId: string, status: string): Promise<Wire> {
    return until(`the task is ${status}`, async () => {
      const { body } = await this.get(`/tasks/${taskId}`);
      return body.status === status ? body : undefined;
    });
  }
}

/** What asks an agent this. */
export const asking = (agentId: string, parts: string | Wire[], more: Wire = {}): Wire => ({
  agentId,
  message: { role: 'user', parts: typeof parts === 'string' ? [{ text: parts }] : parts },
  ...more,
});

export const newSession = (): string => `session-${randomUUID()}`;
