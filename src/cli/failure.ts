import { HostError, messageOf } from '../errors.ts';

/** What the program's exit tells a script. */
export const EXIT = { ok: 0, failed: 1, usage: 2, waiting: 3 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure told to the user in one line, with what to do about it. */
export class CliError extends Error {
  readonly exit: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, options: { exit?: ExitCode; hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.exit = options.exit ?? EXIT.failed;
    this.hint = options.hint;
  }
}

export const usageError = (message: string, hint?: string): CliError =>
  new CliError(message, { exit: EXIT.usage, ...(hint === undefined ? {} : { hint }) });

/** Nothing answered, or the answer broke off. */
export class ConnectionError extends CliError {}

export interface Failure {
  message: string;
  /** The JSON-RPC code, when a server sent one. */
  code?: number;
  hint?: string;
  exit: ExitCode;
}

/** What to say of anything that was thrown, and how to exit. */
export function describeFailure(thrown: unknown): Failure {
  const error = rpcErrorOf(thrown) ?? thrown;
  const exit = exitOf(error);
  const message = messageOf(error);
  const code = rpcCode(error);
  const hint = error instanceof CliError ? error.hint : undefined;
  return {
    message,
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint }),
    exit,
  };
}

function exitOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exit;
  if (error instanceof HostError && error.code === 'config') return EXIT.usage;
  return EXIT.failed;
}

/** The error a server sent, also when the SDK wrapped it because it came in a stream. */
export function rpcErrorOf(error: unknown): Error | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (rpcCode(at) !== undefined) return at;
  }
  return undefined;
}

/** Told by its shape: the SDK's classes need not be loaded to report a failure. */
function rpcCode(error: unknown): number | undefined {
  const code = (error as { envelopeCode?: unknown } | undefined)?.envelopeCode;
  return typeof code === 'number' ? code : undefined;
}
