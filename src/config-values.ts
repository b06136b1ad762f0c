/** What the values of settings may be, as config.ts needs it. */
import { isIP } from 'node:net';
import { z } from 'zod';

export const number = (problem: string, fits: (value: number) => boolean) =>
  z.coerce.number({ error: problem }).refine(fits, { error: problem });

export const port = number('must be a port, 0 to 65535', (n) => Number.isInteger(n) && n >= 0 && n <= 65_535);
// No longer than a timer of Node can be set for; past it, it would fire at once.
export const seconds = number('must be seconds, above 0 and at most 2147483', (n) => n > 0 && n <= 2_147_483);
const days = number('must be days, from 1 to 36500', (n) => n >= 1 && n <= 36_500);
/** How long something is kept. */
export const keptDays = (meaning: string) => days.optional().describe(meaning);
export const bytes = number('must be a number of bytes above 0', (n) => Number.isInteger(n) && n > 0);
export const limit = number(
  'must be a whole number from 1 to 1000000',
  (n) => Number.isInteger(n) && n > 0 && n <= 1_000_000,
);
export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });
/** One that is shown: it may hold no password. */
export const shownUrl = webUrl.refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), {
  error: 'must hold no credentials: it is shown',
});
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean),
);
const ORIGIN = /^https?:\/\/[^/\s?#@]+$/;
const NAMED_RANGES = ['loopback', 'linklocal', 'uniquelocal'];
function isTrustable(entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/');
  if (bits === undefined) return NAMED_RANGES.includes(entry) || isIP(entry) !== 0;
  return (
    more.length === 0 &&
    /^\d{1,3}$/.test(bits) &&
    Number(bits) <= (isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1)
  );
}
export const origins = list.refine((all) => all.every((each) => each === '*' || ORIGIN.test(each)), {
  error: 'must be origins such as https://app.example.com, or *',
});
// Express counts hops from here, or trusts by address.
export const trustProxy = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : text.split(',').map((entry) => entry.trim())))
  .refine((given) => typeof given === 'number' || given.every(isTrustable), {
    error: 'must be a number of proxies, or addresses, CIDR ranges, loopback, linklocal or uniquelocal',
  });
// Values of escapes that are none would throw later.
const HEADER = /^[\w-]+ *=(?:[^%,]|%[0-9a-f]{2})*$/i;
function headerOf(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
}
export const secretKeys = list.refine((keys) => keys.length > 0 && keys.every((key) => key.length >= 32), {
  error: 'must hold 32 characters or more',
});
export const address = z
  .string()
  .transform((text) => ({
    host: text.slice(0, text.lastIndexOf(':')),
    port: Number(/:(\d+)$/.exec(text)?.[1]),
  }))
  .refine(({ host, port }) => host !== '' && port >= 0 && port <= 65_535, {
    error: 'must be an address and a port, such as 127.0.0.1:9464',
  })
  .transform(({ host, port }) => ({ host: host.replace(/^\[|\]$/g, ''), port }));
export const LOOPBACK_URL = /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/|$)/;
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL' });
/** `name=value` pairs, as OpenTelemetry writes headers: separated by commas, their values percent-encoded. */
export const headerList = list
  .refine((pairs) => pairs.every((pair) => HEADER.test(pair)), { error: 'must be pairs such as name=value' })
  .transform((pairs) => Object.fromEntries(pairs.map((pair) => headerOf(pair))));
