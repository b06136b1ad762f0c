import { fileUrl } from './agents/cards.ts';
import { urlHost } from './auth/loopback.ts';
import type { Config } from './config.ts';
import type { FileUrl } from './tasks/file-parts.ts';

/** Where this process listens. */
export const ownUrlOf = ({ HOST }: Config, port: number): string => `http://${urlHost(HOST)}:${port}`;

/** Undefined in a worker that is told no public URL: it gives files to workflows alone, which need none. */
export function fileUrlsOf(config: Config, port: number | undefined): FileUrl | undefined {
  const base = config.PUBLIC_URL ?? (port === undefined ? undefined : ownUrlOf(config, port));
  return base === undefined ? undefined : ({ id }, filename) => fileUrl(base, id, filename);
}

/** What cards and search results show. */
export const publicUrlOf = (config: Config, port: number): string =>
  config.PUBLIC_URL ?? ownUrlOf(config, port);
