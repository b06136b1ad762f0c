import { createHash } from 'node:crypto';
import { AgentCard } from '@a2a-js/sdk';
import type { AgentCatalog, PublishedAgent } from './catalog.ts';
import type { AgentSkill } from './definition.ts';
import { extensionsOf } from './extensions.ts';
import { type CardAuth, securityV1, securityV03 } from './security.ts';
import { type CardSigner, signedCards } from './signed-cards.ts';

/** Where the agent surface is mounted. */
export const AGENT_SURFACE_PATH = '/orchestrator/a2a/v1';

const CAPABILITIES = { streaming: true, pushNotifications: true } as const;

/** What an agent can do, by the names cards use. */
export const capabilitiesOf = ({ definition }: PublishedAgent) => ({
  ...CAPABILITIES,
  extendedAgentCard: definition.extended !== undefined,
});

/** Who offers the host's own agents, as cards name it. */
export const PROVIDER_ORGANIZATION = 'workflow-agent-host';

const DEFAULT_MODES = ['text/plain', 'application/json'];

/** A card ready to be served. */
interface CardDocument {
  json: Record<string, unknown>;
  body: string;
  etag: string;
}

export interface AgentCards {
  /** A2A v1.0 §4.4.1, without a field of another version. */
  v1: CardDocument;
  /** A2A v0.3 §5.5, with the `authentication` of v0.2 beside it. */
  v03: CardDocument;
  /** The v1.0 card as the SDK's handlers take it. */
  sdkCard: AgentCard;
  /** HTTP date. */
  lastModified: string;
  /** Only some may see them. */
  limited: boolean;
  /** For callers with credentials, where there is more to show (A2A v1.0 §3.1.11). */
  extended?: AgentCards;
}

const agentUrl = (baseUrl: string, code: string): string =>
  `${baseUrl.replace(/\/+$/, '')}${AGENT_SURFACE_PATH}/${code}`;

/** Where an agent's HTTP+JSON operations lie. */
const restUrl = (url: string): string => `${url}/rest`;

/** The card that search results point to. */
export const cardUrl = (baseUrl: string, code: string): string =>
  `${agentUrl(baseUrl, code)}/.well-known/agent.json`;

/** Where the owner of a file gets it. */
export const fileUrl = (baseUrl: string, id: string, filename: string | undefined): string =>
  `${agentUrl(baseUrl, 'files')}/${id}${filename === undefined ? '' : `/${encodeURIComponent(filename)}`}`;

export interface CardOptions {
  publicUrl: string;
  /** When this set of cards came to be: the host's start. */
  modifiedAt: Date;
  grpc?: GrpcInterface | undefined;
  /** How callers are let in; absent where nobody is asked. */
  auth?: CardAuth | undefined;
}

/** Where gRPC is served. */
export interface GrpcInterface {
  /** `host:port`. */
  address: string;
  /** The agent of calls without a tenant; v0.3 has no tenants. */
  defaultAgent?: string | undefined;
}

export interface CardBookOptions extends CardOptions {
  catalog: Pick<AgentCatalog, 'get' | 'all'>;
}

/** The cards of the published agents, each made once. */
export class CardBook {
  readonly #options: CardBookOptions;
  readonly #made = new WeakMap<PublishedAgent, AgentCards>();

  constructor(options: CardBookOptions) {
    this.#options = options;
  }

  /** Has every card signed. Cards are served as often as asked for, and signed once. */
  async sign(
    sign: CardSigner,
    agents: readonly PublishedAgent[] = this.#options.catalog.all(),
  ): Promise<void> {
    await Promise.all(
      agents.map(async (agent) => this.#made.set(agent, await signedCards(this.#cardsOf(agent), sign))),
    );
  }

  get(code: string): AgentCards | undefined {
    const agent = this.#options.catalog.get(code);
    return agent && this.#cardsOf(agent);
  }

  #cardsOf(agent: PublishedAgent): AgentCards {
    let cards = this.#made.get(agent);
    if (!cards) {
      cards = agentCards(agent, this.#options);
      this.#made.set(agent, cards);
    }
    return cards;
  }
}

/** Both shapes of an agent's card, and of its extended one. */
export function agentCards(agent: PublishedAgent, options: CardOptions): AgentCards {
  const more = extendedAgent(agent);
  const cards = bothShapes(agent, options);
  return more ? { ...cards, extended: bothShapes(more, options) } : cards;
}

function bothShapes(agent: PublishedAgent, options: CardOptions): AgentCards {
  const v1 = cardV1(agent, options);
  return {
    v1: cardDocument(v1),
    v03: cardDocument(cardV03(agent, options)),
    sdkCard: AgentCard.fromJSON(v1),
    lastModified: (agent.since ?? options.modifiedAt).toUTCString(),
    limited: agent.definition.access !== undefined,
  };
}

/** The agent as callers with credentials are shown it. */
function extendedAgent({ definition, ...agent }: PublishedAgent): PublishedAgent | undefined {
  const { extended, skills } = definition;
  if (extended === undefined) return undefined;
  const description = extended.description ?? definition.description;
  return {
    ...agent,
    definition: { ...definition, description, skills: [...skills, ...(extended.skills ?? [])] },
  };
}

function cardV1(agent: PublishedAgent, options: CardOptions): Record<string, unknown> {
  return {
    ...commonFields(agent, options.publicUrl),
    supportedInterfaces: interfacesV1(agent, options),
    capabilities: { ...capabilitiesOf(agent), extensions: extensionsOf(agent) },
    ...securityV1(options.auth),
  };
}

/** In the order the host prefers (A2A v1.0 §8.3.1). */
function interfacesV1({ definition: { code } }: PublishedAgent, { publicUrl, grpc }: CardOptions): unknown[] {
  const url = agentUrl(publicUrl, code);
  const overGrpc = grpc && { url: grpc.address, protocolBinding: 'GRPC' };
  return [
    { url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    { url: restUrl(url), protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
    ...(overGrpc ? [{ ...overGrpc, tenant: code, protocolVersion: '1.0' }] : []),
    { url, protocolBinding: 'JSONRPC', protocolVersion: '0.3' },
    ...(overGrpc && grpc.defaultAgent === code ? [{ ...overGrpc, protocolVersion: '0.3' }] : []),
  ];
}

function cardV03(agent: PublishedAgent, options: CardOptions): Record<string, unknown> {
  const { streaming, pushNotifications, extendedAgentCard } = capabilitiesOf(agent);
  const { code } = agent.definition;
  const url = agentUrl(options.publicUrl, code);
  const { grpc } = options;
  return {
    ...commonFields(agent, options.publicUrl),
    url,
    protocolVersion: '0.3.0',
    preferredTransport: 'JSONRPC',
    additionalInterfaces: [
      { url, transport: 'JSONRPC' },
      ...(grpc?.defaultAgent === code ? [{ url: grpc.address, transport: 'GRPC' }] : []),
    ],
    capabilities: {
      streaming,
      pushNotifications,
      stateTransitionHistory: false,
      extensions: extensionsOf(agent),
    },
    supportsAuthenticatedExtendedCard: extendedAgentCard,
    ...securityV03(options.auth),
  };
}

/** The fields that have one name and one meaning in both versions. */
function commonFields({ definition }: PublishedAgent, baseUrl: string): Record<string, unknown> {
  return {
    name: definition.name,
    description: definition.description,
    version: definition.version,
    provider: { organization: PROVIDER_ORGANIZATION, url: baseUrl },
    defaultInputModes: definition.inputModes ?? DEFAULT_MODES,
    defaultOutputModes: definition.outputModes ?? DEFAULT_MODES,
    skills: definition.skills.map(skill),
  };
}

const skill = ({ id, name, description, tags, examples }: AgentSkill): AgentSkill => ({
  id,
  name,
  description,
  tags,
  ...(examples && { examples }),
});

/** A card as it is served. */
export function cardDocument(json: Record<string, unknown>): CardDocument {
  const body = JSON.stringify(json);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { json, body, etag: `"${digest}"` };
}
