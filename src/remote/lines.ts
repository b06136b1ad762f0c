import { AgentCard } from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import { A2AError } from '@a2a-js/sdk/errors';
import { ConsecutiveBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import type { GatewayAgent, RemoteAgentStore } from '../gateway/agents.ts';
import { GatewayError } from '../gateway/gateway-error.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import type { Json } from '../tasks/task.ts';
import { presentAs } from './credentials.ts';
import { Abandoned, agentError } from './errors.ts';
import { type Heard, listening } from './listening.ts';

/** An agent counts as away after so many calls in a row, and is then tried once in a while. */
const FAILURES = 5;
const TRY_AGAIN_MS = 10_000;

export interface LinesOptions {
  fetchTo(agent: { allowPrivate: boolean }): typeof fetch;
  store: Pick<RemoteAgentStore, 'seen'>;
}

/** The protocol's client for one request, and the body of the answer as the agent gave it. */
export interface Line {
  client: Client;
  card: AgentCard;
  heard: Heard;
}

/** What a line is opened for. */
export interface LineTo {
  agent: GatewayAgent;
  credential?: string | undefined;
  /** Takes the place of what the client would send. */
  envelope?: JsonObject | undefined;
}

/** The ways to agents elsewhere, in the version and over the transport that their cards offer. */
export class Lines {
  readonly #fetchTo: LinesOptions['fetchTo'];
  readonly #store: LinesOptions['store'];
  readonly #breakers = new Map<string, ReturnType<typeof breaker>>();

  constructor({ fetchTo, store }: LinesOptions) {
    this.#fetchTo = fetchTo;
    this.#store = store;
  }

  /**
   * Makes a request, counted for the agent's health; one given up for another reason than its time says nothing of it.
   * @throws GatewayError as `agentError` has it.
   */
  async call<T>(to: LineTo, work: (line: Line) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const began = performance.now();
    const { agentId } = to.agent;
    try {
      const result = await this.#breaker(agentId).execute(async () => {
        try {
          return { value: await unlessAbandoned(signal, async () => work(await this.open(to))) };
        } catch (error) {
          // An error of a caller's making does not switch the agent off for the others.
          if (isDown(error, to)) throw error;
          return { error };
        }
      });
      if ('error' in result) throw result.error;
      this.#seen(agentId, true, began);
      return result.value;
    } catch (error) {
      if (isBrokenCircuitError(error)) {
        throw new GatewayError(
          502,
          'agent_failed',
          'The agent has not answered lately; it is tried again soon',
        );
      }
      const told = agentError(error);
      if (!(error instanceof Abandoned)) this.#seen(agentId, told.status < 500, began);
      throw told;
    }
  }

  async open({ agent: { agentId, remote }, credential, envelope }: LineTo): Promise<Line> {
    if (remote === undefined) throw new Error(`agent ${agentId} is one of this host`);
    const card = AgentCard.fromJSON(remote.card);
    const heard: { body?: Json } = {};
    const present = credential === undefined ? undefined : presentAs(card, credential);
    const fetchImpl = listening(this.#fetchTo(remote), { heard, present, envelope });
    const compat = { fetchImpl, legacyCompat: { enabled: true } };
    const factory = new ClientFactory({
      transports: [new JsonRpcTransportFactory(compat), new RestTransportFactory(compat)],
      clientConfig: { polling: true },
    });
    return { client: await factory.createFromAgentCard(card), card, heard };
  }

  #seen(agentId: string, answered: boolean, began: number): void {
    // What is counted is no reason to fail.
    this.#store.seen(agentId, { answered, ms: Math.round(performance.now() - began) }).catch(() => undefined);
  }

  #breaker(agentId: string) {
    const known = this.#breakers.get(agentId) ?? breaker();
    this.#breakers.set(agentId, known);
    return known;
  }
}

async function unlessAbandoned<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const late = (signal?.reason as Error | undefined)?.name === 'TimeoutError';
    if (signal?.aborted && !late) throw new Abandoned('given up', { cause: error });
    throw error;
  }
}

/**
 * Whether it tells that the agent is away. One that answers with an error is there; and the words of a caller's own
 * may ask the agent to take its time, so that its silence tells nothing.
 */
function isDown(error: unknown, { envelope }: LineTo): boolean {
  if (error instanceof Abandoned || error instanceof A2AError) return false;
  const { status } = agentError(error);
  return status === 504 ? envelope === undefined : status >= 500;
}

const breaker = () =>
  circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: TRY_AGAIN_MS,
  });
