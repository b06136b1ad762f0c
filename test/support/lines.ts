import { type Logger, pino } from 'pino';

/** A log, and what was written to it. */
export function loggedLines(level = 'debug'): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level, base: null }, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}
