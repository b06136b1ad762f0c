/**
 * Clients of a host's agents: `workflow-agent-host/client`. The A2A SDK's own, found by the host and the code; and one of
 * the invoke facade.
 */
import { randomUUID } from 'node:crypto';
import { type Message, SendMessageRequest } from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { AGENT_SURFACE_PATH } from '../agents/cards.ts';

export { type Artifact, type Message, type Part, type Task, TaskState } from '@a2a-js/sdk';
export type { Client } from '@a2a-js/sdk/client';
export * from '../client/index.ts';

export interface HostAddress {
  /** The host's base URL, as its ready line says. */
  url: string;
  /** An API key or access token of the host; sent to nobody else. */
  apiKey?: string;
}

/**
 * A client for one agent, made from its card.
 * @throws Error when no host answers, or it has no such agent for this caller.
 */
export async function connectAgent({ url, apiKey }: HostAddress, code: string): Promise<Client> {
  const base = url.replace(/\/+$/, '');
  const fetchImpl = apiKey === undefined ? fetch : withKey(new URL(base).origin, apiKey);
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  const card = `${base}${AGENT_SURFACE_PATH}/${encodeURIComponent(code)}/.well-known/agent-card.json`;
  return factory.createFromUrl(card, '');
}

/** The key is this host's: it goes nowhere else, whatever a card says. */
const withKey =
  (origin: string, key: string): typeof fetch =>
  (input, init) => {
    const target = new URL(input instanceof Request ? input.url : input);
    if (target.origin !== origin) return fetch(input, init);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set('Authorization', `Bearer ${key}`);
    return fetch(input, { ...init, headers });
  };

/** What a message is made of: text, or parts such as `{ data: … }` in the shape of A2A v1.0's JSON. */
export type Content =
  | string
  | { text?: string; data?: unknown; url?: string; raw?: string; mediaType?: string }[];

/** What `client.sendMessage` and `client.sendMessageStream` take. A `taskId` answers a task that asks. */
export const messageOf = (content: Content, { taskId }: { taskId?: string } = {}): SendMessageRequest =>
  SendMessageRequest.fromJSON({
    message: {
      messageId: randomUUID(),
      role: 'ROLE_USER',
      parts: typeof content === 'string' ? [{ text: content }] : content,
      ...(taskId === undefined ? {} : { taskId }),
    },
  });

/** All text of a message, joined by line breaks. */
export const textOf = (message: Message | undefined): string =>
  (message?.parts ?? [])
    .flatMap(({ content }) => (content?.$case === 'text' ? [content.value] : []))
    .join('\n');
