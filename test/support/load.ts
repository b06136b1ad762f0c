import { agentUrl, rpc, stream, userMessage, type Wire } from './rpc.ts';

const V1 = { version: '1.0' };
const FINAL = /COMPLETED|FAILED|CANCELED|REJECTED/;

export interface LoadReport {
  /** Requests that were answered as they should be, by kind. */
  answered: Record<string, number>;
  /** What went otherwise. */
  failed: string[];
  /** Streams that were closed before the end, whose clients came back. */
  cameBack: number;
  /** Every task that was begun. */
  tasks: string[];
}

/** Clients that call without a pause and take no failure for an answer: a request that fails is not made again. */
export class Load {
  readonly #url: string;
  readonly #report: LoadReport = { answered: {}, failed: [], cameBack: 0, tasks: [] };
  readonly #clients: Promise<void>[];
  #over = false;

  constructor(url: string) {
    this.#url = url;
    this.#clients = [
      ...Array.from({ length: 4 }, () => this.#again('send', () => this.#send())),
      ...Array.from({ length: 4 }, () => this.#again('stream', () => this.#stream())),
      ...Array.from({ length: 2 }, () => this.#again('invoke', () => this.#invoke())),
      this.#again('card', () => this.#card()),
    ];
  }

  /** What has been answered so far. */
  get answered(): number {
    return Object.values(this.#report.answered).reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<LoadReport> {
    this.#over = true;
    await Promise.all(this.#clients);
    return this.#report;
  }

  async #again(kind: string, work: () => Promise<void>): Promise<void> {
    while (!this.#over) {
      try {
        await work();
        this.#report.answered[kind] = (this.#report.answered[kind] ?? 0) + 1;
      } catch (error) {
        const { message, cause } = error as Error;
        this.#report.failed.push(`${kind}: ${message}${cause ? ` (${(cause as Error).message})` : ''}`);
      }
    }
  }

  async #send(): Promise<void> {
    const message = userMessage('hello');
    const { task } = await this.#result('echo', 'SendMessage', { message });
    this.#report.tasks.push(task.id);
    await this.#ended('echo', task);
  }

  /** A host that ends answers with the task as it stands: the client asks again. */
  async #ended(code: string, task: Wire): Promise<void> {
    for (let now = task; ; now = await this.#result(code, 'GetTask', { id: task.id })) {
      const { state } = now.status;
      if (state === 'TASK_STATE_COMPLETED') return;
      if (FINAL.test(state)) throw new Error(`task ${task.id} is ${state}`);
    }
  }

  async #stream(): Promise<void> {
    const text = Array.from({ length: 4 }, (_, at) => `# Part ${at}\nSome words here.`).join('\n');
    // Longer than a host drains in the tests: some streams are cut, and their clients come back.
    const message = userMessage(text, { metadata: { pauseMs: 1_000 } });
    const url = agentUrl(this.#url, 'document-digest');
    let events = stream(url, 'SendStreamingMessage', { message }, V1);
    for (let id: string | undefined; ; ) {
      for await (const event of events) {
        id ??= event.task?.id as string;
        if ((event.task ?? event.statusUpdate)?.status.state === 'TASK_STATE_COMPLETED') {
          this.#report.tasks.push(id);
          return;
        }
      }
      if (id === undefined) throw new Error('a stream without a task');
      this.#report.cameBack += 1;
      const task = await this.#result('document-digest', 'GetTask', { id });
      if (FINAL.test(task.status.state)) {
        this.#report.tasks.push(id);
        return this.#ended('document-digest', task);
      }
      events = stream(url, 'SubscribeToTask', { id }, V1);
    }
  }

  async #invoke(): Promise<void> {
    const { status, body } = await this.#post('/v1/agents/echo/invoke', { message: 'hello' });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    this.#report.tasks.push(body.task_id);
  }

  async #card(): Promise<void> {
    const response = await fetch(`${agentUrl(this.#url, 'echo')}/.well-known/agent-card.json`);
    await response.text();
    if (response.status !== 200) throw new Error(String(response.status));
  }

  async #post(path: string, body: unknown): Promise<{ status: number; body: Wire }> {
    const response = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  async #result(code: string, method: string, params: Wire): Promise<Wire> {
    const { status, body } = await rpc(agentUrl(this.#url, code), method, params, V1);
    if (status !== 200 || body.error) throw new Error(`${method} ${status} ${JSON.stringify(body)}`);
    return body.result;
  }
}
