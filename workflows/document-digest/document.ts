type Kind = 'text' | 'markdown' | 'csv' | 'json';

export interface Document {
  name: string;
  kind: Kind;
  text: string;
}

export interface Section {
  title: string;
  /** Depth in the outline, from 1. */
  level: number;
  text: string;
}

export interface DocumentPart {
  text?: string;
  data?: unknown;
  url?: string;
  /** Base64, or the bytes themselves. */
  raw?: string | Uint8Array;
  filename?: string;
  mediaType?: string;
}

/** In bytes. The sections of a document pass through Temporal's history, where one value may have 2 MB. */
export const LARGEST = 512 * 1024;

const KINDS: Record<string, Kind> = {
  md: 'markdown',
  markdown: 'markdown',
  'text/markdown': 'markdown',
  csv: 'csv',
  'text/csv': 'csv',
  json: 'json',
  'application/json': 'json',
  txt: 'text',
  'text/plain': 'text',
};

/** What a message's part holds, or why it cannot be read. */
export function readPart(part: DocumentPart): Document | { problem: string } {
  const name = part.filename ?? 'Your text';
  if (part.url !== undefined) {
    return { problem: 'I do not fetch addresses: send the file itself, or its text.' };
  }
  if (part.data !== undefined) return { name, kind: 'json', text: JSON.stringify(part.data, null, 2) };
  if (part.raw === undefined) {
    const text = part.text ?? '';
    return { name, kind: kindOf(part) ?? (looksLikeMarkdown(text) ? 'markdown' : 'text'), text };
  }
  const kind = kindOf(part);
  if (kind === undefined) {
    const what = part.mediaType ?? part.filename ?? 'of an unknown type';
    return { problem: `A file ${what} is not for me: send text, Markdown, CSV or JSON.` };
  }
  const text = decode(part.raw);
  return text === undefined ? { problem: `The file ${name} holds no UTF-8 text.` } : { name, kind, text };
}

function kindOf({ mediaType, filename }: DocumentPart): Kind | undefined {
  const type = mediaType?.split(';')[0]?.trim().toLowerCase() ?? '';
  const extension = /\.(\w+)$/.exec(filename ?? '')?.[1]?.toLowerCase() ?? '';
  // The extension first: clients call Markdown and CSV text/plain.
  return KINDS[extension] ?? KINDS[type] ?? (type.startsWith('text/') ? 'text' : undefined);
}

function decode(raw: string | Uint8Array): string | undefined {
  const bytes = typeof raw === 'string' ? Buffer.from(raw, 'base64') : raw;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const looksLikeMarkdown = (text: string): boolean => /^#{1,6} \S/m.test(text);

/** Cuts a document at its own joints: headings, rows, top-level keys, or paragraphs of about 150 words. */
export function split(document: Document): Section[] {
  const text = document.text.replace(/\r\n?/g, '\n');
  if (document.kind === 'markdown') return splitMarkdown(text, document.name);
  if (document.kind === 'csv') return splitRows(text);
  if (document.kind === 'json') return splitJson(text);
  return splitParagraphs(text);
}

function splitMarkdown(text: string, name: string): Section[] {
  const sections: Section[] = [{ title: name, level: 1, text: '' }];
  let fenced = false;
  for (const line of text.split('\n')) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const heading = fenced ? null : /^(#{1,6})\s+(.+?)\s*#*$/.exec(line);
    if (heading) sections.push({ title: heading[2] ?? '', level: heading[1]?.length ?? 1, text: '' });
    const current = sections.at(-1);
    if (current) current.text += `${heading ? heading[2] : line}\n`;
  }
  return sections.filter((section, index) => index > 0 || section.text.trim() !== '');
}

const WORDS_A_SECTION = 150;

function splitParagraphs(text: string): Section[] {
  const sections: Section[] = [];
  let words = WORDS_A_SECTION;
  for (const paragraph of text.split(/\n\s*\n/).filter((each) => each.trim() !== '')) {
    const last = sections.at(-1);
    if (last === undefined || words >= WORDS_A_SECTION) {
      sections.push({ title: firstWords(paragraph), level: 1, text: paragraph });
      words = 0;
    } else {
      last.text += `\n\n${paragraph}`;
    }
    words += paragraph.split(/\s+/).length;
  }
  return sections;
}

const ROWS_A_SECTION = 50;

function splitRows(text: string): Section[] {
  const [header = '', ...rows] = text.split('\n').filter((line) => line.trim() !== '');
  if (header === '') return [];
  const sections: Section[] = [{ title: `Columns: ${header}`, level: 1, text: header }];
  for (let from = 0; from < rows.length; from += ROWS_A_SECTION) {
    const chunk = rows.slice(from, from + ROWS_A_SECTION);
    sections.push({ title: `Rows ${from + 1} to ${from + chunk.length}`, level: 2, text: chunk.join('\n') });
  }
  return sections;
}

function splitJson(text: string): Section[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON after all, but still words.
    return splitParagraphs(text);
  }
  if (typeof value !== 'object' || value === null) return [{ title: typeof value, level: 1, text }];
  const entries = Array.isArray(value) ? chunksOf(value) : Object.entries(value);
  return entries.map(([key, item]) => ({
    title: `${key} (${shape(item)})`,
    level: 1,
    text: `${Array.isArray(value) ? '' : `${key}\n`}${words(item)}`,
  }));
}

function chunksOf(items: unknown[]): [string, unknown][] {
  const chunks: [string, unknown][] = [];
  for (let from = 0; from < items.length; from += ROWS_A_SECTION) {
    const chunk = items.slice(from, from + ROWS_A_SECTION);
    chunks.push([`Items ${from + 1} to ${from + chunk.length}`, chunk]);
  }
  return chunks;
}

function shape(value: unknown): string {
  if (Array.isArray(value)) return `list of ${value.length}`;
  return value === null ? 'null' : typeof value === 'object' ? Object.keys(value).join(', ') : typeof value;
}

/** Keys and values without JSON's punctuation. */
function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join('\n');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${key} ${words(item)}`)
    .join('\n');
}

function firstWords(text: string): string {
  const [sentence = ''] = text.trim().split(/(?<=[.!?])\s|\n/);
  const words = sentence.split(/\s+/);
  const shown = words.slice(0, 10).join(' ').slice(0, 100);
  return words.length > 10 ? `${shown} …` : shown;
}
