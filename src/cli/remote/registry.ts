import { z } from 'zod';
import { AGENT_SURFACE_PATH } from '../../agents/cards.ts';
import type { RemoteHost } from '../context.ts';
import { CliError } from '../failure.ts';
import { hostFetch } from './http.ts';

const resourceSchema = z.object({ id: z.string(), name: z.string(), description: z.string() });

const pageSchema = z.object({ resources: z.array(resourceSchema.loose()), total_count: z.number() });

export type FoundAgent = z.output<typeof pageSchema>['resources'][number];

const PAGE = 100;

/** All agents that match, best first; a blank query matches all. Reads page after page. */
export async function searchAgents(host: RemoteHost, query?: string): Promise<FoundAgent[]> {
  const found: FoundAgent[] = [];
  for (;;) {
    const page = await searchPage(host, { ...(query ? { query } : {}), skip: found.length, top: PAGE });
    found.push(...page.resources);
    // An empty page ends it too, lest agents unpublished meanwhile keep it going for ever.
    if (page.resources.length === 0 || found.length >= page.total_count) return found;
  }
}

async function searchPage(host: RemoteHost, body: object): Promise<z.output<typeof pageSchema>> {
  const response = await hostFetch(host)(`${host.url}${AGENT_SURFACE_PATH}/agents/search`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const page = pageSchema.safeParse(await response.json());
  if (!page.success)
    throw new CliError(`What answers at ${host.url} is not an agent host.`, { hint: 'Check --url.' });
  return page.data;
}
