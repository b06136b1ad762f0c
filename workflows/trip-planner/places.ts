export const INTERESTS = ['art', 'food', 'history', 'nature', 'nightlife', 'shopping'] as const;

export type Interest = (typeof INTERESTS)[number];

export const SLOTS = ['morning', 'afternoon', 'evening'] as const;

export type Slot = (typeof SLOTS)[number];

export interface Place {
  name: string;
  interest: Interest;
  slots: readonly Slot[];
  /** Costs nothing to visit. */
  free: boolean;
  /** Stands in the guide, so it is worth more than what every town has. */
  known: boolean;
}

/** A line of the guide: `+` begins what is free; `m`, `a`, `e` are morning, afternoon and evening. */
type Entry = readonly [interest: Interest, slots: string, name: string];

const GUIDE: Record<string, readonly Entry[]> = {
  Lisbon: [
    ['art', 'ma', 'Gulbenkian Museum'],
    ['art', '+a', 'Street art of Mouraria'],
    ['food', 'ae', 'Time Out Market'],
    ['food', 'm', 'Pastéis de Belém'],
    ['history', 'ma', 'Jerónimos Monastery'],
    ['history', '+ma', 'Walk through Alfama'],
    ['nature', '+ma', 'Monsanto Forest Park'],
    ['nature', '+e', 'Sunset at Miradouro da Senhora do Monte'],
    ['nightlife', 'e', 'Fado in Alfama'],
    ['nightlife', '+e', 'Evening in Bairro Alto'],
    ['shopping', '+ma', 'Feira da Ladra flea market'],
  ],
  Rome: [
    ['art', 'ma', 'Vatican Museums'],
    ['art', '+ma', 'Caravaggios of San Luigi dei Francesi'],
    ['food', 'e', 'Dinner in Trastevere'],
    ['food', 'm', 'Testaccio Market'],
    ['history', 'ma', 'Colosseum and Roman Forum'],
    ['history', '+ma', 'Walk along the Via Appia Antica'],
    ['nature', '+ma', 'Villa Borghese gardens'],
    ['nature', '+e', 'Sunset on the Gianicolo'],
    ['nightlife', '+e', 'Fountains and squares by night'],
    ['shopping', '+a', 'Porta Portese market'],
  ],
  Paris: [
    ['art', 'ma', 'Musée d’Orsay'],
    ['art', '+a', 'Petit Palais'],
    ['food', '+m', 'Marché d’Aligre'],
    ['food', 'e', 'Bistro in the 11th arrondissement'],
    ['history', 'ma', 'Sainte-Chapelle and Conciergerie'],
    ['history', '+ma', 'Walk through the Marais'],
    ['nature', '+ma', 'Luxembourg Gardens'],
    ['nature', '+e', 'Banks of the Seine'],
    ['nightlife', 'e', 'Jazz at the Caveau de la Huchette'],
    ['shopping', '+a', 'Covered passages of the 2nd arrondissement'],
  ],
  Berlin: [
    ['art', 'ma', 'Hamburger Bahnhof'],
    ['art', '+a', 'East Side Gallery'],
    ['food', 'ae', 'Markthalle Neun'],
    ['food', '+m', 'Turkish market on the Maybachufer'],
    ['history', '+ma', 'Berlin Wall Memorial'],
    ['history', 'ma', 'Museum Island'],
    ['nature', '+ma', 'Tempelhofer Feld'],
    ['nature', '+e', 'Evening in the Tiergarten'],
    ['nightlife', 'e', 'Concert at the Philharmonie'],
    ['nightlife', '+e', 'Bridges and bars of Kreuzberg'],
    ['shopping', '+a', 'Flea market at Mauerpark'],
  ],
  London: [
    ['art', '+ma', 'Tate Modern'],
    ['art', '+a', 'National Gallery'],
    ['food', 'm', 'Borough Market'],
    ['food', 'e', 'Curry on Brick Lane'],
    ['history', '+ma', 'British Museum'],
    ['history', 'ma', 'Tower of London'],
    ['nature', '+ma', 'Hampstead Heath'],
    ['nature', '+e', 'Sunset on Primrose Hill'],
    ['nightlife', 'e', 'Play in the West End'],
    ['shopping', '+a', 'Portobello Road'],
  ],
  Tokyo: [
    ['art', 'ma', 'Mori Art Museum'],
    ['art', '+a', 'Galleries of the Art Triangle'],
    ['food', 'm', 'Tsukiji Outer Market'],
    ['food', 'e', 'Yakitori in Omoide Yokocho'],
    ['history', '+ma', 'Senso-ji in Asakusa'],
    ['history', 'ma', 'Edo-Tokyo Open Air Museum'],
    ['nature', '+ma', 'Meiji Shrine forest'],
    ['nature', 'ma', 'Shinjuku Gyoen'],
    ['nightlife', 'e', 'Golden Gai'],
    ['nightlife', '+e', 'Lights of Shibuya'],
    ['shopping', '+a', 'Kappabashi kitchen street'],
  ],
};

/** What every town has. */
const ANYWHERE: readonly Entry[] = [
  ['art', 'ma', 'The art museum'],
  ['art', '+a', 'Galleries and street art'],
  ['food', '+m', 'The farmers’ market'],
  ['food', 'ae', 'A local restaurant'],
  ['history', 'ma', 'The town museum'],
  ['history', '+mae', 'Walk through the old town'],
  ['nature', '+ma', 'The largest park'],
  ['nature', '+e', 'Sunset from the best viewpoint'],
  ['nightlife', 'e', 'Live music'],
  ['nightlife', '+e', 'The liveliest square by night'],
  ['shopping', '+ma', 'The market hall'],
];

const placeOf = ([interest, slots, name]: Entry, known: boolean): Place => ({
  name,
  interest,
  slots: SLOTS.filter((slot) => slots.includes(slot.charAt(0))),
  free: slots.startsWith('+'),
  known,
});

/** The places of a destination: those of the guide, and what every town has. */
export const placesIn = (destination: string): Place[] => [
  ...(GUIDE[destination] ?? []).map((entry) => placeOf(entry, true)),
  ...ANYWHERE.map((entry) => placeOf(entry, false)),
];

export const KNOWN_DESTINATIONS: readonly string[] = Object.keys(GUIDE);
