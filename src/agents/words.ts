/** The words of a text, alike for what is published and what is asked: without case, accents and punctuation. */

// Letters that Unicode does not decompose into a base letter and an accent.
const LETTERS: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

// English words that carry no meaning of their own, and what apostrophes leave of others (don't, I'll, we've).
const STOP_WORDS = new Set(
  `a about above after again against all am an and any are aren as at be because been before being below between
  both but by can could couldn d did didn do does doesn doing don down during each few for from further had hadn
  has hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself just ll
  m me mightn more most mustn my myself needn no nor not now of off on once only or other our ours ourselves out
  over own please re s same shan she should shouldn so some such t than that the their theirs them themselves then
  there these they this those through to too under until up ve very was wasn we were weren what when where which
  while who whom why will with won would wouldn you your yours yourself yourselves`.split(/\s+/),
);

// A longer word is cut: Postgres compares spellings up to 255 bytes.
const LONGEST_WORD = 60;
const MOST_WORDS = 5_000;

/** Lower case, without accents and without what Postgres cannot store (NUL, half surrogate pairs). */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cs}\0]/gu, '')
    .replace(/[ßæœøđðłþı]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFC');
}

/** The distinct words of a text in their order: letters and digits only, the first 5,000. */
export function words(text: string): string[] {
  const found = fold(text).match(/[\p{L}\p{Nd}]+/gu) ?? [];
  return [...new Set(found.map((word) => word.slice(0, LONGEST_WORD)))].slice(0, MOST_WORDS);
}

export const isStopWord = (word: string): boolean => STOP_WORDS.has(word);

/** The words that say what a text is about. */
export const contentWords = (text: string): string[] => words(text).filter((word) => !isStopWord(word));
