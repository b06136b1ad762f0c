import { pino } from 'pino';
import { expect, it } from 'vitest';
import {
  type CardRecords,
  changedFields,
  type FetchedCard,
  type PublishedElsewhere,
  refreshCards,
  type UnusableCard,
} from '../../src/gateway/card-refresh.ts';

const CARD = { name: 'Remote', version: '1', skills: [{ id: 'a', tags: ['x'] }] };

it.each<[string, object, string[]]>([
  ['the same', { skills: [{ tags: ['x'], id: 'a' }], version: '1', name: 'Remote' }, []],
  ['another signature', { ...CARD, signatures: [{ signature: 'x' }] }, []],
  [
    'another version, a field more',
    { ...CARD, version: '2', description: 'new' },
    ['description', 'version'],
  ],
  [
    'a field less, and a nested one',
    { name: 'Remote', skills: [{ id: 'a', tags: [] }] },
    ['skills', 'version'],
  ],
])('of a card that is fetched again: %s', (_name, after, changed) => {
  expect(changedFields(CARD, after as typeof CARD)).toEqual(changed);
});

const agentOf = (agentId: string, signed: boolean): PublishedElsewhere => ({
  agentId,
  providerId: 'local',
  name: 'Remote',
  description: '',
  version: '1',
  skills: [],
  review: {
    riskLevel: 'low',
    humanApprovalRequired: false,
    allowedRegions: [],
    costPerCallUnits: 0,
    dataClasses: [],
  },
  remote: { cardUrl: `http://${agentId}`, card: CARD, allowPrivate: false, signed },
});

/** What is done with the cards that are found so. */
async function refreshed(
  agents: PublishedElsewhere[],
  found: (url: string) => FetchedCard | UnusableCard,
): Promise<{ taken: unknown[]; refused: unknown[]; rounds: number }> {
  const seen = { taken: [] as unknown[], refused: [] as unknown[], rounds: 0 };
  const waiting = [...agents];
  const records: CardRecords = {
    due: async (ageMs, limit) => {
      expect(ageMs).toBe(5_000);
      seen.rounds += 1;
      return waiting.splice(0, limit);
    },
    take: async ({ agentId }, { signed }, changed) => void seen.taken.push([agentId, signed, changed]),
    refuse: async ({ agentId }, problem) => void seen.refused.push([agentId, problem]),
  };
  const fetchCard = async (url: string) => found(url);
  await refreshCards({ records, fetchCard, ageMs: 5_000, log: pino({ level: 'silent' }) });
  return seen;
}

it.each<[string, boolean, FetchedCard | UnusableCard, object]>([
  ['unsigned, and still so', false, { card: CARD, signed: false }, { taken: [['a', false, []]] }],
  ['unsigned, and signed now', false, { card: CARD, signed: true }, { taken: [['a', true, []]] }],
  [
    'signed, and still so',
    true,
    { card: { ...CARD, version: '2' }, signed: true },
    { taken: [['a', true, ['version']]] },
  ],
  [
    'signed, and not any more',
    true,
    { card: CARD, signed: false },
    { refused: [['a', 'the card is not signed any more']] },
  ],
  [
    'one that cannot be used',
    true,
    { problem: 'it is none', cause: undefined },
    { refused: [['a', 'it is none']] },
  ],
])('%s', async (_name, signed, found, expected) => {
  const seen = await refreshed([agentOf('a', signed)], () => found);
  expect(seen).toMatchObject({ taken: [], refused: [], ...expected });
});

it('goes on until none is due, whatever is wrong with some', async () => {
  const agents = Array.from({ length: 50 }, (_, index) => agentOf(`a${index}`, false));
  const { taken, refused, rounds } = await refreshed(agents, (url) =>
    url.endsWith('0') ? { problem: 'away', cause: undefined } : { card: CARD, signed: false },
  );
  expect({ taken: taken.length, refused: refused.length, rounds }).toEqual({
    taken: 45,
    refused: 5,
    rounds: 3,
  });
});
