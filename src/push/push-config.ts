/** What a webhook's owner says of it, and what is taken of that. Pure. */
import { invalidParams } from '../errors.ts';
import { checkId } from '../tasks/message.ts';

/** A2A v1.0 §4.3.2. */
interface PushAuthentication {
  scheme: string;
  credentials: string;
}

/** A2A v1.0 §4.3.1. */
export interface PushConfig {
  id: string;
  url: string;
  token?: string;
  authentication?: PushAuthentication;
  /** Headers of its owner's own, sent with each notification. */
  headers?: Record<string, string>;
}

/** A config as it is asked for; one that has no id yet is given one. */
export type WantedConfig = Omit<PushConfig, 'id'> & { id?: string };

/** Configs of one task; one whose id is known replaces that one. */
export const MAX_CONFIGS = 2_000;
const MAX_URL = 2_048;
const MAX_SECRET = 8_192;

// RFC 9110 §5.6.2 and §5.5: what may stand in a header as a scheme or be its name, and as anything else.
const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * @param path of the config in the request, with a dot at its end, or nothing.
 * @throws HostError `invalid_params` naming the field.
 */
export function checkConfig({ id, url, token, authentication, headers }: WantedConfig, path: string): void {
  if (id !== undefined) checkId(`${path}id`, id);
  checkUrl(`${path}url`, url);
  if (token !== undefined) checkSecret(`${path}token`, token);
  if (headers !== undefined) checkHeaders(`${path}headers`, headers);
  if (authentication === undefined) return;
  if (!SCHEME.test(authentication.scheme)) {
    throw invalidParams(`${path}authentication.scheme`, 'is no HTTP authentication scheme');
  }
  checkSecret(`${path}authentication.credentials`, authentication.credentials);
}

function checkUrl(field: string, url: string): void {
  if (url === '') throw invalidParams(field, 'is required');
  if (url.length > MAX_URL) throw invalidParams(field, `has more than ${MAX_URL} characters`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw invalidParams(field, 'must be an http:// or https:// URL');
  }
  // The URL is kept and shown as it is; what is secret has a place of its own.
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalidParams(field, 'must hold no credentials; they belong into authentication');
  }
}

const MAX_HEADERS = 50;
// What says how the message is carried, and what each notification says of itself.
const OURS =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-(type|length|encoding)|proxy-.*|webhook-.*)$/i;

function checkHeaders(field: string, headers: Record<string, string>): void {
  const all = Object.entries(headers);
  if (all.length > MAX_HEADERS) throw invalidParams(field, `has more than ${MAX_HEADERS} headers`);
  for (const [name, value] of all) {
    if (!SCHEME.test(name)) throw invalidParams(`${field}.${name}`, 'is no name of a header');
    if (OURS.test(name)) throw invalidParams(`${field}.${name}`, 'is set by the host');
    checkSecret(`${field}.${name}`, value);
  }
  const { size } = new Set(all.map(([name]) => name.toLowerCase()));
  if (size < all.length) throw invalidParams(field, 'names a header twice');
}

function checkSecret(field: string, value: string): void {
  if (value.length > MAX_SECRET) throw invalidParams(field, `has more than ${MAX_SECRET} characters`);
  if (!HEADER_TEXT.test(value)) throw invalidParams(field, 'holds characters that no header takes');
}
