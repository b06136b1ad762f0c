type HeaderFields = Record<string, string>;

export interface InvokeClientOptions {
  /** Where the host is reached, such as `https://agents.example.com`. */
  url: string;
  /**
   * The headers of each request, asked for each time: a DPoP proof is good for one request.
   * `nonce` is what the host last gave in `DPoP-Nonce` (RFC 9449 §8), for the proof to hold.
   */
  headers?: (request: {
    method: string;
    url: string;
    nonce?: string;
  }) => HeaderFields | Promise<HeaderFields>;
  /** For how long a request that gets no answer is made again, in milliseconds; a minute when absent. */
  retryForMs?: number;
  fetch?: typeof fetch;
}

/** What the host said instead of an answer. */
export class InvokeError extends Error {
  /** HTTP's status. */
  readonly status: number;
  /** JSON-RPC's code, where it was told in JSON-RPC. */
  readonly code: number | undefined;

  constructor(message: string, { status, code }: { status: number; code?: number | undefined }) {
    super(message);
    this.name = 'InvokeError';
    this.status = status;
    this.code = code;
  }
}

export interface Outgoing {
  method: 'GET' | 'POST';
  path: string;
  headers?: HeaderFields;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

const RETRY_FOR_MS = 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** At work under the same key; too many; the host, or what is in front of it, is away. */
const AGAIN = new Set([409, 429, 502, 503, 504]);

/** Requests that may be made again. */
export class Http {
  readonly #options: InvokeClientOptions;
  #nonce: string | undefined;

  constructor(options: InvokeClientOptions) {
    this.#options = options;
  }

  /** One try, and another when the host asks for its nonce. @throws TypeError, or whatever `fetch` throws, when there is no answer. */
  async once(request: Outgoing): Promise<Response> {
    const response = await this.#ask(request);
    const asks = response.headers.get('www-authenticate')?.includes('use_dpop_nonce');
    if (response.status !== 401 || !asks || this.#nonce === undefined) return response;
    await response.body?.cancel();
    return this.#ask(request);
  }

  async #ask({ method, path, headers, body, signal }: Outgoing): Promise<Response> {
    const { url, headers: own, fetch: ask = fetch } = this.#options;
    const target = `${url.replace(/\/+$/, '')}/v1/a2a${path}`;
    const nonce = this.#nonce === undefined ? {} : { nonce: this.#nonce };
    const response = await ask(target, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...(await own?.({ method, url: target.replace(/\?.*$/, ''), ...nonce })),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    this.#nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
    return response;
  }

  /** The answer's body. Tried again while there is none, or it says that it may be. @throws InvokeError. */
  async json(request: Outgoing): Promise<unknown> {
    const until = Date.now() + (this.#options.retryForMs ?? RETRY_FOR_MS);
    for (let tries = 0; ; tries++) {
      const { signal } = request;
      const found = await this.#try(request).catch((error: unknown) => {
        if (signal?.aborted || Date.now() >= until) throw error;
        return undefined;
      });
      if (found?.ok) return found.body;
      const again = found === undefined || (AGAIN.has(found.status) && found.retryAfter !== null);
      if (!again || Date.now() >= until) throw errorOf(found?.status ?? 0, found?.body);
      const asked = Number(found?.retryAfter ?? Number.NaN) * 1_000;
      await pause(Number.isFinite(asked) ? asked : pauseAfter(tries), signal);
    }
  }

  async #try(request: Outgoing) {
    const response = await this.once(request);
    const { status, ok, headers } = response;
    return { status, ok, retryAfter: headers.get('retry-after'), body: await bodyOf(response) };
  }
}

/** Undefined for one that is not JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an answer tells: JSON-RPC's error, or `{ message, status }`. */
export function errorOf(status: number, body: unknown): InvokeError {
  const { error, message } = (body ?? {}) as { error?: { code: number; message: string }; message?: string };
  return new InvokeError(error?.message ?? message ?? `The host answered ${status}`, {
    status,
    code: error?.code,
  });
}

/** In milliseconds, longer with each try. */
export const pauseAfter = (tries: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries) * (0.5 + Math.random() / 2);

/** @throws what `signal` was aborted with. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
