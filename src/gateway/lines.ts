import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Logger } from 'pino';

/** Answers with a JSON object a line, as a file of this name, no faster than it is read. */
export async function sendLines(
  res: Response,
  values: AsyncIterable<unknown>,
  { name, log }: { name: string; log: Logger },
): Promise<void> {
  // In this order: a file's name would say its type, too.
  res.attachment(name).type('application/x-ndjson');
  // Who goes away in the middle has no more to be told.
  await pipeline(Readable.from(asLines(values)), res).catch((error) =>
    log.info({ err: error }, 'an export was broken off'),
  );
}

async function* asLines(values: AsyncIterable<unknown>): AsyncGenerator<string, void, undefined> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
