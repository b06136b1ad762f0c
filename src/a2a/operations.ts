import { z } from 'zod';
import { AGENT_SURFACE_PATH } from '../agents/cards.ts';
import { answers, type DescribedSurface } from '../openapi/operation.ts';
import { SEARCH } from './access.ts';
import { searchSchema } from './search-routes.ts';

const searchAnswer = z.object({
  registry_version: z.string().describe('Changes when the published agents do.'),
  resources: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      version: z.string(),
      location: z.object({ type: z.literal('agent_card'), url: z.url() }),
    }),
  ),
  total_count: z.int().min(0),
});

const refusal = z.object({ message: z.string(), status: z.int() });

/** The registry's search; the rest of this surface is described by the protocol, and by the agents' cards. */
export const SEARCH_DESCRIBED: DescribedSurface = {
  tag: 'Registry',
  surface: { path: AGENT_SURFACE_PATH, routes: SEARCH },
  refusal,
  nullIsAbsent: {},
  operations: {
    'post /agents/search': {
      id: 'searchAgents',
      summary: 'Find agents',
      body: searchSchema,
      example: { query: 'expense', top: 5 },
      answers: answers(searchAnswer),
    },
  },
  schemas: { SearchRequest: searchSchema, SearchResponse: searchAnswer, PlainRefusal: refusal },
};
