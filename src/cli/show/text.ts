/** An agent's words, without what could steer the reader's terminal. */
export const plain = (text: string): string => text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, '');

export const indent = (text: string, by = '  '): string => text.replace(/^(?=.)/gm, by);

/** Breaks a line between words so that no line is wider, unless a word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

const GAP = '  ';
const NARROWEST = 24;

/** Columns under headings; the last one is wrapped to the terminal's width when there is a terminal. */
export function table(headings: readonly string[], rows: readonly string[][], width?: number): string[] {
  const cells = [headings.map((heading) => heading.toUpperCase()), ...rows.map((row) => row.map(oneLine))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, columnWidth) => sum + columnWidth + GAP.length, 0);
  const last = width === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST, width - before);
  return cells.flatMap((row) => {
    const start = row.slice(0, -1).map((cell, column) => cell.padEnd(widths[column] ?? 0) + GAP);
    const [first = '', ...rest] = wrap(row.at(-1) ?? '', last);
    return [start.join('') + first, ...rest.map((line) => ' '.repeat(before) + line)];
  });
}

const oneLine = (text: string): string => plain(text).replace(/\s+/g, ' ').trim();
