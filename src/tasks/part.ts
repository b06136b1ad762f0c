import type { Part } from './task.ts';

/** What a part may hold: one of these (A2A v1.0 §4.1.6). */
export const CONTENT_FIELDS = ['text', 'data', 'url', 'raw', 'file'] as const;

/** RFC 4648 §4 or §5; the padding may be left out. */
export const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Whether a part holds one thing. */
export const hasOneContent = (part: Part): boolean =>
  CONTENT_FIELDS.filter((name) => part[name] !== undefined).length === 1;

/** Padding, where there is any, fills the last four characters; one character alone is no byte. */
export const isBase64 = (text: string): boolean =>
  BASE64.test(text) && (text.endsWith('=') ? text.length % 4 === 0 : text.length % 4 !== 1);
