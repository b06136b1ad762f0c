import { type KeyObject, sign } from 'node:crypto';
import type { PushConfig } from './push-config.ts';

export interface Posting {
  /** The same for each try. */
  id: string;
  body: string;
  /** Seconds since 1970. */
  timestamp: number;
}

/** The headers of one try: what the owner asked for (A2A v1.0 §4.3.3), and Standard Webhooks’ (asymmetric, `v1a`). */
export function headersOf(
  posting: Posting,
  { token, authentication, headers }: Pick<PushConfig, 'token' | 'authentication' | 'headers'>,
  privateKey: KeyObject,
): Record<string, string> {
  const { id, timestamp, body } = posting;
  return {
    ...headers,
    'Content-Type': 'application/json',
    'User-Agent': 'workflow-agent-host',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1a,${sign(null, Buffer.from(`${id}.${timestamp}.${body}`), privateKey).toString('base64')}`,
    ...(token === undefined ? {} : { 'X-A2A-Notification-Token': token }),
    // A scheme without credentials tells nobody anything.
    ...(authentication?.credentials
      ? { Authorization: `${authentication.scheme} ${authentication.credentials}` }
      : {}),
  };
}
