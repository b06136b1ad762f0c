import type { Section } from './document.ts';

export interface SectionCount {
  words: number;
  sentences: number;
  characters: number;
  /** How often each word that may be a keyword occurs. */
  terms: Record<string, number>;
}

export interface Keyword {
  word: string;
  count: number;
  /** In how many sections it occurs. */
  sections: number;
}

const STOP = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can cannot could did do does doing don down during each else even ever every few for from further get gets got had has
  have having he her here hers him his how however i if in into is it its itself just less let like many may me might
  more most much must my myself no nor not now of off on once one only or other our ours out over own per same she
  should since so some still such than that the their theirs them then there these they this those though through to too
  two under until up upon us use used very via was we well were what when where whether which while who whom whose why
  will with within without would yet you your yours true false null`.split(/\s+/),
);

export function countSection({ text }: Pick<Section, 'text'>): SectionCount {
  const words = text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
  // Without a prototype: "constructor" is a word too.
  const terms: Record<string, number> = Object.create(null);
  for (const word of words) {
    const term = word.toLowerCase().replace(/['’]s$/, '');
    if (term.length > 2 && !STOP.has(term) && /\p{L}/u.test(term)) terms[term] = (terms[term] ?? 0) + 1;
  }
  const sentences = text.match(/[^.!?\s][^.!?]*(?:[.!?]+(?=\s|$)|$)/g)?.length ?? 0;
  return { words: words.length, sentences, characters: [...text].length, terms: { ...terms } };
}

export function total(counts: SectionCount[]): Omit<SectionCount, 'terms'> {
  const sum = (of: (count: SectionCount) => number) => counts.reduce((all, count) => all + of(count), 0);
  return {
    words: sum((count) => count.words),
    sentences: sum((count) => count.sentences),
    characters: sum((count) => count.characters),
  };
}

/** The words that carry a document: frequent ones, and those spread over its sections before those of one. */
export function keywords(counts: SectionCount[], limit: number): Keyword[] {
  const found = new Map<string, Keyword>();
  for (const { terms } of counts) {
    for (const [word, count] of Object.entries(terms)) {
      const known = found.get(word) ?? { word, count: 0, sections: 0 };
      found.set(word, { word, count: known.count + count, sections: known.sections + 1 });
    }
  }
  const weight = ({ count, sections }: Keyword) => count * (1 + sections / Math.max(1, counts.length));
  return [...found.values()]
    .sort((a, b) => weight(b) - weight(a) || (a.word < b.word ? -1 : 1))
    .slice(0, limit);
}

/** A Markdown list, indented by the depth of the headings. */
export function outline(sections: Pick<Section, 'title' | 'level'>[]): string {
  const top = sections.reduce((least, { level }) => Math.min(least, level), 6);
  return sections.map(({ title, level }) => `${'  '.repeat(level - top)}- ${title}`).join('\n');
}
