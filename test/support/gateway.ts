import { asDescribed } from './described.ts';
import { type Answer, post, type Wire } from './rpc.ts';
import { until } from './until.ts';

/** The gateway facade as one of its clients uses it. */
export class GatewayClient {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#base = `${url}/v1`;
    this.#headers = headers;
  }

  async post(path: string, body: unknown): Promise<Answer> {
    const url = `${this.#base}${path}`;
    return asDescribed('POST', url, await post(url, body, this.#headers));
  }

  async get(path: string): Promise<Answer> {
    const url = `${this.#base}${path}`;
    const response = await fetch(url, { headers: this.#headers });
    const { status, headers } = response;
    return asDescribed('GET', url, { status, headers, body: await response.json() });
  }

  invoke(agentId: string, body: unknown): Promise<Answer> {
    return this.post(`/agents/${agentId}/invoke`, body);
  }

  async receipt(receiptId: string): Promise<Wire> {
    return (await this.get(`/receipts/${receiptId}`)).body;
  }

  /** The receipt, once its call has ended. */
  final(receiptId: string, withinMs?: number): Promise<Wire> {
    return until(
      'the receipt is final',
      async () => {
        const stored = await this.receipt(receiptId);
        return stored.receipt.status === 'running' ? undefined : stored;
      },
      withinMs,
    );
  }

  /** How many receipts the caller has. */
  async count(query = ''): Promise<number> {
    return (await this.get(`/receipts?limit=200${query}`)).body.receipts.length;
  }
}
