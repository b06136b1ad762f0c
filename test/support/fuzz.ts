import type { Wire } from './rpc.ts';

/** The same numbers each time: mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202eevil',
  'ünïcödé 🙂',
  '\ufeff',
  '../../etc/passwd',
  "'; drop table task; --",
  '{{7*7}}%s%n',
  'x'.repeat(5_000),
];
const ODD: Wire[] = [
  ...ODD_TEXTS,
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  [],
  {},
  [[]],
  [null],
  { constructor: 1, toString: 2 },
  { $case: 'text', value: 'x' },
];

/** What JSON.stringify cannot say is written by these names, and put in afterwards. */
const DEEP = /"@@deep(\d+)"/g;
const TWICE = /"@@twice(\d)/g;
const OUT_OF_RANGE = '"@@1e999"';

/** Makes what JSON schemas describe, and what they nearly describe. */
export class Fuzzer {
  readonly random: () => number;
  readonly #schemas: Record<string, Wire>;
  readonly #known: Record<string, readonly Wire[]>;

  /**
   * @param schemas an OpenAPI document's `components.schemas`.
   * @param known values of fields, by their name, that lead somewhere.
   */
  constructor(seed: number, schemas: Record<string, Wire>, known: Record<string, readonly Wire[]>) {
    this.random = numbersFrom(seed);
    this.#schemas = schemas;
    this.#known = known;
  }

  among<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T;
  }

  odd(): Wire {
    return this.among(ODD);
  }

  /** Of a path or a query: anything that can be written there. */
  oddWord(): string {
    const text = typeof this.odd() === 'string' ? this.among(ODD_TEXTS) : JSON.stringify(this.odd());
    return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '').slice(0, 300));
  }

  /** A body: as the schema has it in one of three, otherwise with a flaw or two. */
  body(schema: Wire): string {
    const root = { body: this.value(schema) };
    for (let left = this.among([0, 1, 2]); left > 0; left--) this.#spoil(root);
    const text = JSON.stringify(root.body) ?? '';
    return text
      .replace(DEEP, (_, levels) => '['.repeat(Number(levels)) + ']'.repeat(Number(levels)))
      .replace(TWICE, '"')
      .replaceAll(OUT_OF_RANGE, '1e999');
  }

  value(schema: Wire, name = ''): Wire {
    const known = this.#known[name];
    if (known !== undefined && this.random() < 0.9) return structuredClone(this.among(known));
    const { $ref, enum: listed, anyOf, allOf, type } = schema;
    if ($ref !== undefined) return this.value(this.#schemas[$ref.split('/').at(-1)], name);
    if ('const' in schema) return schema.const;
    if (listed !== undefined) return this.among(listed);
    if (anyOf !== undefined) return this.value(this.among(anyOf), name);
    if (allOf !== undefined) return Object.assign({}, ...allOf.map((each: Wire) => this.value(each, name)));
    if (type === 'object') return this.#object(schema);
    if (type === 'array') {
      const most = Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 2);
      const count = Math.max(schema.minItems ?? 0, Math.floor(this.random() * (most + 1)));
      return Array.from({ length: count }, () => this.value(schema.items ?? {}, `${name}[]`));
    }
    if (type === 'boolean') return this.random() < 0.5;
    if (type === 'integer') return this.among([schema.minimum ?? 0, 1, 10]);
    if (type === 'number') return this.among([0, 0.5, 10]);
    if (type === 'string') return this.#text(schema);
    return type === 'null' ? null : this.among([{ a: 1 }, 'show', 7, [true]]);
  }

  #object({ properties = {}, required = [], additionalProperties }: Wire): Wire {
    const names = Object.keys(properties).filter((name) => required.includes(name) || this.random() < 0.3);
    const made = Object.fromEntries(names.map((name) => [name, this.value(properties[name], name)]));
    const open = typeof additionalProperties === 'object' && this.random() < 0.5;
    return open ? { ...made, extra: this.value(additionalProperties, 'extra') } : made;
  }

  #text({ format, minLength = 0, maxLength = 12 }: Wire): string {
    if (format === 'uuid') return '00000000-0000-4000-8000-000000000000';
    if (format === 'uri') return 'https://192.0.2.1/x';
    if (format === 'date-time') return '2099-01-01T00:00:00Z';
    return 'abcdefghijkl'.slice(
      0,
      Math.max(minLength, Math.min(maxLength, 1 + Math.floor(this.random() * 12))),
    );
  }

  /** One field or item of it is dropped, doubled, of another type, huge, without end, or written oddly. */
  #spoil(root: Wire): void {
    const places = placesIn(root);
    if (places.length === 0) return;
    const [holder, key] = this.among(places);
    const value = holder[key];
    const flaws = [
      () => delete holder[key],
      () => Object.assign(holder, Array.isArray(holder) ? [] : { [`@@twice1${key}`]: this.odd() }),
      () => Object.assign(holder, { [key]: this.odd() }),
      () => Object.assign(holder, { [key]: 'x'.repeat(50_000) }),
      () => Object.assign(holder, { [key]: Array.from({ length: 1_500 }, () => value) }),
      () => Object.assign(holder, { [key]: `@@deep${this.among([101, 3_000, 20_000])}` }),
      () => Object.assign(holder, { [key]: '@@1e999' }),
      () => Object.assign(holder, { [key]: this.among(ODD_TEXTS) }),
      () => Array.isArray(holder) || Object.assign(holder, { [this.among(ODD_TEXTS)]: value }),
    ];
    this.among(flaws)();
  }
}

/** Every field and item, with what holds it. */
export function placesIn(holder: Wire): [Wire, string | number][] {
  if (typeof holder !== 'object' || holder === null) return [];
  return Object.keys(holder).flatMap((key) => [[holder, key] as [Wire, string], ...placesIn(holder[key])]);
}
