import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc';

/** Every transport and version that a card may declare. */
export const TRANSPORTS = [
  ['JSON-RPC', '1.0', JsonRpcTransportFactory],
  ['HTTP+JSON', '1.0', RestTransportFactory],
  ['gRPC', '1.0', GrpcTransportFactory],
  ['JSON-RPC', '0.3', JsonRpcTransportFactory],
  // In v0.3 it knows no tenants: it reaches the default agent.
  ['gRPC', '0.3', GrpcTransportFactory],
] as const;
type Transport = (typeof TRANSPORTS)[number];

/** A2A's own client that knows one transport, made from the agent's card. */
export function clientOf(url: string, [, version, Factory]: Transport): Promise<Client> {
  const legacyCompat = { enabled: version === '0.3' };
  const factory = new ClientFactory({
    transports: [new Factory({ legacyCompat })],
    cardResolver: new DefaultAgentCardResolver({ legacyCompat }),
  });
  const card = version === '1.0' ? 'agent-card.json' : 'agent.json';
  return factory.createFromUrl(`${url}/.well-known/${card}`, '');
}
