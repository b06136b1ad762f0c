/** Feeds a parser what nobody would write, for as long as it may take. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placesIn } from '../support/fuzz.ts';
import type { Wire } from '../support/rpc.ts';

/** How long each parser is fed: FUZZ_MS, a minute with FULL. */
const BUDGET_MS = Number(process.env.FUZZ_MS ?? (process.env.FULL ? 60_000 : 100));
/** Another each time where there is time; FUZZ_SEED repeats what a failure has told. */
const SEED = Number(process.env.FUZZ_SEED ?? (BUDGET_MS > 1_000 ? Date.now() % 2 ** 31 : 20_261_122));
/** Of this process, whatever else the machine does: no input of this size needs a hundredth of it. */
const MOST_CPU_MS = 3_000;

const FEWEST = 5;

const INHERITED = [Object.prototype, Array.prototype, Function.prototype, String.prototype].map(
  (each) => [each, Object.getOwnPropertyNames(each).join()] as const,
);

/**
 * A test that holds the parser to its word for anything: it ends in time, changes what no object inherits, and `holds`
 * finds nothing wrong. A failure prints the seed and the smallest input that shows it.
 */
export function feed<T>(
  what: string,
  anything: fc.Arbitrary<T>,
  holds: (given: T) => void | Promise<void>,
): void {
  it(what, { timeout: BUDGET_MS * 2 + 60_000 }, async () => {
    const property = fc.asyncProperty(anything, async (given) => {
      const before = process.cpuUsage();
      await holds(given);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1_000, 'CPU for one input').toBeLessThan(MOST_CPU_MS);
      for (const [each, names] of INHERITED) expect(Object.getOwnPropertyNames(each).join()).toBe(names);
    });
    const settings = { seed: SEED, numRuns: Number.MAX_SAFE_INTEGER, markInterruptAsFailure: false };
    // However slow the machine, a few are tried.
    await fc.assert(property, { ...settings, numRuns: FEWEST });
    const details = await fc.check(property, { ...settings, interruptAfterTimeLimit: BUDGET_MS });
    if (details.counterexample === null) return;
    throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  });
}

/** What `work` throws, which is one of these; undefined when it throws nothing. */
export async function thrownBy(
  work: () => unknown,
  ...declared: (abstract new (
    ...args: never[]
  ) => Error)[]
): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (declared.some((each) => error instanceof each)) return error as Error;
    throw error;
  }
}

const ODD = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\u202e',
  '\ufeff',
  '"',
  '\\',
  '\n',
  '\r',
  '%',
  '%zz',
  '../',
  '{{',
  '}}',
  '$',
];
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '$case',
  '$ref',
  '0',
  '',
];

/** Any text: short, long, odd, and the same over and over. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(...ODD, ...NAMES),
  fc
    .tuple(fc.oneof(fc.constantFrom(...ODD), fc.string({ minLength: 1, maxLength: 3 })), fc.nat(20_000))
    .map(([piece, times]) => piece.repeat(times)),
);

/** What a text of its grammar becomes by a few mistakes: something is left out, put in, said twice or turned round. */
export const nearly = (...samples: string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.nat(4), text), { maxLength: 4 }),
    )
    .map(([sample, mistakes]) =>
      mistakes.reduce((now, [place, length, kind, other]) => {
        const at = place % (now.length + 1);
        const [before, piece, after] = [now.slice(0, at), now.slice(at, at + length), now.slice(at + length)];
        if (kind === 0) return before + after;
        if (kind === 1) return before + other + piece + after;
        if (kind === 2) return before + piece.repeat(2 + (place % 300)) + after;
        if (kind === 3) return before + [...piece].reverse().join('') + after;
        return before + other + after;
      }, sample),
    );

/** The pieces of a grammar, each over and over: what takes longer than it is long shows it here. */
export const repeated = (...pieces: string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.constantFrom(...pieces, ' ', 'a'), fc.oneof(fc.nat(3), fc.nat(8_000))), {
      maxLength: 5,
    })
    .map((all) => all.map(([piece, times]) => piece.repeat(times)).join(''));

/** What JSON can say: `__proto__` and its like are fields of their own. */
export const json: fc.Arbitrary<Wire> = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], [null]),
  text,
  fc.object({
    key: fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 8 })),
    values: [fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)],
    maxDepth: 3,
    maxKeys: 5,
  }),
);

const LEFT_OUT = Symbol();

/** A value as a schema has it, with a few of its fields or items left out, of another kind, or besides. */
export const spoiled = (...samples: Wire[]): fc.Arbitrary<Wire> =>
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.oneof(json, fc.constant(LEFT_OUT)), fc.boolean()), { maxLength: 3 }),
      fc.constantFrom(...NAMES),
    )
    .map(([sample, flaws, name]) => {
      const root = { it: structuredClone(sample) };
      for (const [place, value, beside] of flaws) {
        const places = placesIn(root);
        const [holder, key] = places[place % places.length] ?? [root, 'it'];
        if (value === LEFT_OUT) delete holder[key];
        else if (beside && !Array.isArray(holder) && holder !== root) own(holder, name, value);
        else own(holder, key, value);
      }
      return root.it;
    });

const own = (holder: Wire, key: string | number, value: unknown) =>
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
