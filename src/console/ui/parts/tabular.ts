/** Which values are tables, and as which rows. Pure. */

export interface TableRows {
  caption?: string;
  /** The first holds the columns' names. */
  rows: string[][];
}

/** A list of records of plain values; or an object that holds such a list and nothing else. */
export function rowsOfData(value: unknown): TableRows | undefined {
  if (Array.isArray(value)) return rowsOfList(value);
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length !== 1 || only === undefined || !Array.isArray(only[1])) return undefined;
  const found = rowsOfList(only[1]);
  return found && { caption: only[0], ...found };
}

function rowsOfList(list: unknown[]): TableRows | undefined {
  if (list.length === 0 || !list.every(isRecord)) return undefined;
  const columns = [...new Set(list.flatMap((record) => Object.keys(record)))];
  if (columns.length === 0) return undefined;
  return { rows: [columns, ...list.map((record) => columns.map((column) => shown(record[column])))] };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((each) => typeof each !== 'object' || each === null);

const shown = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

const FIELD = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/y;

/** The fields of comma-separated values (RFC 4180). */
export function rowsOfCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length) {
    const [, field = '', end = ''] = FIELD.exec(text) ?? [];
    row.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === ',') {
      if (FIELD.lastIndex === text.length) row.push('');
      else continue;
    }
    rows.push(row);
    row = [];
    // A quote that is never closed is no CSV from there on.
    if (end === '' && FIELD.lastIndex < text.length) break;
  }
  return rows;
}
