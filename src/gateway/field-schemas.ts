/** What fields of the facade's bodies may hold. Pure. */
import { z } from 'zod';

/** As the record keeps it and an address can hold it. */
export const id = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'holds control characters');

/** What the record can keep: Postgres takes no NUL and no half of a character. */
export const words = z.string().regex(/^[^\0\p{Surrogate}]*$/u, 'is not well-formed text');

/** The same, and not nothing. */
export const some = words.min(1);

/** Whatever JSON can say. */
export const json = z.json();

export const jsonObject = z.record(z.string(), json);

/** Words of one sense, without the blanks around them. */
export const line = (most: number) => words.max(most).regex(/\S/, 'must not be blank').trim();

/** It is kept and shown as it is, so what is secret has no place in it. */
export const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .regex(
    /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s/?#@\\]+([/?#]|$)/,
    'must be an http:// or https:// URL that holds no credentials',
  );

/** It goes out in a header: RFC 9110, section 5.5, without what is not ASCII. */
export const secretText = z
  .string()
  .min(1)
  .max(16_384)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII, without blanks at its ends');
