import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentCard, canonicalizeAgentCard } from '@a2a-js/sdk';
import { cardSigner } from '../../src/signing/card-signer.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import type { Wire } from './rpc.ts';
import { newSigningKey } from './signing-key.ts';

/** A server with a card, the keys it is signed with, and nothing else. */
export interface CardServer {
  cardUrl: string;
  /** As it is served; 500 while there is none. */
  card: Wire;
  /** Serves a card with these fields, signed. */
  sign(fields: Wire): Promise<void>;
  close(): Promise<void>;
}

export async function startCardServer(): Promise<CardServer> {
  const keys = await parseSigningKeys(newSigningKey(), 'the test');
  const server = createServer((req, res) => {
    const body = req.url?.endsWith('jwks.json') ? { keys: keys.publicJwks } : served.card;
    res.writeHead(body === undefined ? 500 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = cardSigner(keys, url);
  const served: CardServer = {
    cardUrl: `${url}/.well-known/agent-card.json`,
    card: undefined,
    sign: async (fields) => {
      const card = AgentCard.fromJSON({
        name: 'Elsewhere',
        description: 'An agent elsewhere.',
        supportedInterfaces: [{ url: `${url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
        capabilities: {},
        defaultInputModes: ['text/plain'],
        defaultOutputModes: ['text/plain'],
        skills: [{ id: 'there', name: 'There', description: 'Is there.', tags: ['test'] }],
        ...fields,
      });
      const signatures = [await sign(canonicalizeAgentCard(card))];
      served.card = { ...(AgentCard.toJSON(card) as Wire), signatures };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return served;
}
