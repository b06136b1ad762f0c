import type { Claim } from '../idempotency/ports.ts';

/** Who offers agents. */
export interface Provider {
  providerId: string;
  name: string;
  url?: string;
  /** `revoked` is for good; `blocked` until it is unblocked. */
  status: 'active' | 'blocked' | 'revoked';
  createdAt: string;
}

/** One turn of a switch, as it is kept. */
export interface SwitchTurn {
  subject: 'agent' | 'provider';
  id: string;
  /** `revoke` is for providers alone. */
  change: 'block' | 'unblock' | 'revoke';
  /** The caller's id. */
  by: string;
  reason: string;
  /** The address it was turned from. */
  from?: string | undefined;
  /** The key of its request: under it the switch is turned once. */
  claim?: Claim | undefined;
}

/** The record of providers and of the switches. */
export interface ProviderStore {
  list(): Promise<Provider[]>;
  find(providerId: string): Promise<Provider | undefined>;
  /** Undefined when there is one of this id. Made and audited, both or nothing. */
  create(
    provider: Pick<Provider, 'providerId' | 'name' | 'url'>,
    who: Pick<SwitchTurn, 'by' | 'from' | 'claim'>,
  ): Promise<Provider | undefined>;
  /** Turns the switch and keeps who did it and why, both or nothing. @returns what its subject is by that. */
  turn(turn: SwitchTurn): Promise<Provider['status']>;
}
