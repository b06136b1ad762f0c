/** How the word is found that a mistyped one was meant to be: alike words leave the same letters when some are left out. */

// Further letters need not be left out: two words that differ there only are alike in these.
const PREFIX = 7;

/** How many letters of a word may be wrong. Short words have many neighbours; numbers have nothing but. */
export function slipsIn(word: string): number {
  if (word.length < 3 || /\d/.test(word)) return 0;
  return word.length < 6 ? 1 : 2;
}

/** A word's letters in their order: two letters swapped give the same. */
export const lettersOf = (word: string): string => [...word].sort().join('');

/**
 * Digests (int32) of the beginning of a word and of what is left of it without as many of its letters as may be wrong. Of a
 * word that is asked for and the one that it is a misspelling of one at least is the same.
 */
export function spellingsOf(word: string): number[] {
  let last = [[...word].slice(0, PREFIX).join('')];
  const all = new Set(last);
  for (let slip = 0; slip < slipsIn(word); slip++) {
    last = last.flatMap(withoutOne);
    for (const rest of last) all.add(rest);
  }
  return [...new Set([...all].map(digest))];
}

function withoutOne(word: string): string[] {
  const letters = [...word];
  return letters.map((_, index) => letters.toSpliced(index, 1).join(''));
}

// FNV-1a. Two that fall together cost a comparison.
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash | 0;
}
