import { relative } from 'node:path';
import type { Output } from './output.ts';

/** What every command of the client side is given. */
export interface CommandContext {
  /** The host's base URL, without a slash at its end. */
  url: string;
  /** Whether the user named it, by --url or AGENT_HOST_URL. */
  urlGiven: boolean;
  /** Presented to the host, from AGENT_HOST_API_KEY. */
  apiKey?: string | undefined;
  output: Output;
  env: Record<string, string | undefined>;
  /** Asks the person at the terminal; undefined when nobody is there to be asked. */
  ask?: Ask | undefined;
  readStdin(): Promise<string>;
  /** How the user starts this program, to show commands that can be pasted. */
  program: string;
}

/** The host that a command talks to. */
export type RemoteHost = Pick<CommandContext, 'url' | 'apiKey'>;

/** The answer, or undefined when the person leaves without one. */
export type Ask = (prompt: string) => Promise<string | undefined>;

/** `agent-host` when it is installed; otherwise how Node was called. */
export function programName(argv: readonly string[], execArgv: readonly string[], cwd: string): string {
  const script = argv[1] ?? 'agent-host';
  if (!/\.[cm]?[jt]s$/.test(script)) return 'agent-host';
  return ['node', ...execArgv, relative(cwd, script)].join(' ');
}

/** A command line for a POSIX shell that calls this program again with these arguments. */
export function commandLine(context: CommandContext, args: readonly string[]): string {
  const url = context.urlGiven ? ['--url', context.url] : [];
  return [context.program, ...[...args, ...url].map(quote)].join(' ');
}

const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
