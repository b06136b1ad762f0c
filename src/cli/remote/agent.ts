import { A2A_PROTOCOL_VERSION, A2A_VERSION_HEADER } from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { AGENT_SURFACE_PATH } from '../../agents/cards.ts';
import type { RemoteHost } from '../context.ts';
import { CliError } from '../failure.ts';
import { hostFetch, RefusedError } from './http.ts';

const cardUrl = (base: string, code: string): string =>
  `${base}${AGENT_SURFACE_PATH}/${encodeURIComponent(code)}/.well-known/agent-card.json`;

/**
 * A client for one agent, made from its card.
 * @throws CliError when no host answers, or it has no such agent.
 */
export async function connectAgent(host: RemoteHost, code: string): Promise<Client> {
  const fetchImpl = hostFetch(host);
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  return factory.createFromUrl(cardUrl(host.url, code), '').catch(unknownAgent(code));
}

/** The agent's v1.0 card as its host serves it. */
export async function fetchCard(host: RemoteHost, code: string): Promise<unknown> {
  const headers = { [A2A_VERSION_HEADER]: A2A_PROTOCOL_VERSION };
  const response = await hostFetch(host)(cardUrl(host.url, code), { headers }).catch(unknownAgent(code));
  return response.json();
}

const unknownAgent =
  (code: string) =>
  (error: unknown): never => {
    if (!(error instanceof RefusedError) || error.status !== 404) throw error;
    throw new CliError(`There is no agent "${code}".`, {
      hint: 'The command `agents` lists what there is.',
      cause: error,
    });
  };
