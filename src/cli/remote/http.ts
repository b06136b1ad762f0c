import type { RemoteHost } from '../context.ts';
import { CliError, ConnectionError } from '../failure.ts';

/** `fetch` for one host: whatever is not an answer in the protocol becomes one line that says what to do. */
export function hostFetch({ url: base, apiKey }: RemoteHost): typeof fetch {
  return async (input, init) => {
    const target = new URL(input instanceof Request ? input.url : input);
    // The key is this host's: it goes nowhere else, whatever a card says.
    const key = target.origin === new URL(base).origin ? apiKey : undefined;
    let response: Response;
    try {
      response = await fetch(input, key === undefined ? init : withKey(input, init, key));
    } catch (error) {
      throw unreachable(error, target, base);
    }
    return response.ok ? onlyFromHost(response, target) : onlyProtocolError(response, target);
  };
}

function withKey(input: string | URL | Request, init: RequestInit | undefined, key: string): RequestInit {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set('Authorization', `Bearer ${key}`);
  return { ...init, headers };
}

function unreachable(error: unknown, target: URL, base: string): Error {
  const code = causeCode(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new ConnectionError('No answer came within five minutes; the task goes on.', {
      hint: 'Follow long tasks with --stream.',
      cause: error,
    });
  }
  if (target.origin !== new URL(base).origin) {
    return new ConnectionError(
      `The agent's card points to ${target.origin}, where nothing answers${why(code)}.`,
      {
        hint: 'Check the PUBLIC_URL of the host.',
        cause: error,
      },
    );
  }
  if (code === 'ECONNREFUSED') {
    return new ConnectionError(`No host answers at ${base}. Start one with \`npm start\`, or give --url.`, {
      cause: error,
    });
  }
  if (code !== undefined && BROKEN_OFF.has(code)) {
    return new ConnectionError(`The host at ${base} broke off the connection (${code}).`, {
      hint: 'It does so when it stops, and when a message is larger than its MAX_BODY.',
      cause: error,
    });
  }
  return new ConnectionError(`The host at ${base} cannot be reached${why(code)}.`, {
    hint: 'Check --url.',
    cause: error,
  });
}

const BROKEN_OFF = new Set(['EPIPE', 'ECONNRESET', 'UND_ERR_SOCKET']);

const why = (code: string | undefined): string => (code === undefined ? '' : ` (${code})`);

/** Node tells the reason on the cause; when it tried several addresses, on the first of its errors. */
function causeCode(error: unknown): string | undefined {
  const cause = (error as { cause?: { code?: string; errors?: { code?: string }[] } }).cause;
  return cause?.code ?? cause?.errors?.[0]?.code;
}

function onlyFromHost(response: Response, target: URL): Response {
  const type = response.headers.get('content-type') ?? '';
  if (/json|event-stream/.test(type)) return response;
  throw new CliError(`What answers at ${target.origin} is not an agent host.`, { hint: 'Check --url.' });
}

/** A JSON-RPC error stays for the SDK to read; any other refusal is told in the server's own words. */
async function onlyProtocolError(response: Response, target: URL): Promise<Response> {
  const body = (await response
    .clone()
    .json()
    .catch(() => undefined)) as
    | { jsonrpc?: string; error?: { message?: unknown }; message?: unknown }
    | undefined;
  if (body?.jsonrpc !== undefined && body.error !== undefined) return response;
  const message = body?.message ?? body?.error?.message;
  const said = typeof message === 'string' ? message : response.statusText;
  throw new RefusedError(response.status, `${target.origin} answered ${response.status}: ${said}`);
}

const HINTS: Record<number, string> = {
  401: 'Set AGENT_HOST_API_KEY to an API key of this host; `agent-host keys create` makes one.',
  403: 'Use a key with that scope.',
  404: 'Check --url.',
};

/** An HTTP status that is no answer in the protocol. */
export class RefusedError extends CliError {
  readonly status: number;

  constructor(status: number, message: string) {
    const hint = HINTS[status];
    super(message, hint === undefined ? {} : { hint });
    this.status = status;
  }
}
