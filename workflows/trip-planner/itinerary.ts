import { formatMoney, type Money } from '../_shared/money.ts';
import { INTERESTS, type Interest, type Place, placesIn, SLOTS, type Slot } from './places.ts';

export interface Plan {
  destination: string;
  days: Day[];
}

type Day = Record<Slot, Visit>;

// A type, not an interface: it goes into an artifact's data.
type Visit = {
  place: string;
  interest: Interest;
  free: boolean;
};

export interface Wishes {
  destination: string;
  days: number;
  interests: readonly Interest[];
  /** Nothing may be spent: only places that cost nothing. */
  freeOnly: boolean;
}

/** Fills every slot: the interests take turns, and no place comes again before all that fit were visited. */
export function plan({ destination, days, interests, freeOnly }: Wishes): Plan {
  const wanted = interests.length === 0 ? INTERESTS : interests;
  const places = placesIn(destination).filter((place) => place.free || !freeOnly);
  const visits = new Map<string, number>();
  const count = (place: Place) => visits.get(place.name) ?? 0;
  let turn = 0;
  const pick = (slot: Slot): Visit => {
    const open = places.filter((place) => place.slots.includes(slot));
    // How soon it is a place's interest's turn; what nobody wished for comes last.
    const distance = ({ interest }: Place) => {
      const at = wanted.indexOf(interest);
      return at === -1 ? wanted.length : (at - turn + wanted.length) % wanted.length;
    };
    const [best] = open.toSorted(
      (a, b) => count(a) - count(b) || Number(b.known) - Number(a.known) || distance(a) - distance(b),
    );
    if (best === undefined) throw new Error(`no place in ${destination} for the ${slot}`);
    visits.set(best.name, count(best) + 1);
    if (wanted.includes(best.interest)) turn = (wanted.indexOf(best.interest) + 1) % wanted.length;
    return { place: best.name, interest: best.interest, free: best.free };
  };
  const day = (): Day => ({
    morning: pick('morning'),
    afternoon: pick('afternoon'),
    evening: pick('evening'),
  });
  return { destination, days: Array.from({ length: days }, day) };
}

export interface Budget {
  money: Money;
  approved: boolean;
}

/** What the notes gave, or why they could not be read. */
export interface Notes {
  keywords: string[];
  problem?: string;
}

/** The itinerary as Markdown. */
export function write(made: Plan, budget: Budget | undefined, notes: Notes): string {
  const lines = [`# ${made.days.length === 1 ? 'A day' : `${made.days.length} days`} in ${made.destination}`];
  for (const [index, day] of made.days.entries()) {
    lines.push('', `## Day ${index + 1}`);
    for (const slot of SLOTS) {
      lines.push(`- ${slot}: ${day[slot].place}${day[slot].free ? ' (free)' : ''}`);
    }
  }
  if (budget !== undefined) lines.push('', '## Budget', budgetLine(budget, made.days.length));
  const { keywords, problem } = notes;
  if (keywords.length > 0) lines.push('', '## From your notes', `Keep in mind: ${keywords.join(', ')}.`);
  if (problem !== undefined) lines.push('', '## From your notes', problem);
  return `${lines.join('\n')}\n`;
}

function budgetLine({ money, approved }: Budget, days: number): string {
  if (!approved) return `${formatMoney(money)} were not approved: everything in this plan is free.`;
  const daily = { ...money, amount: Math.floor((money.amount / days) * 100) / 100 };
  return `${formatMoney(money)} are approved: ${formatMoney(daily)} a day.`;
}
