import type { Claim } from '../idempotency/ports.ts';
import { authContextSecret, receiptSecret } from '../secrets/contexts.ts';
import type { GatewayAgent } from './agents.ts';
import { GatewayError } from './gateway-error.ts';

/** A stored credential as its owner sees it. The secret went in once and never comes out. */
export interface AuthContext {
  id: string;
  owner: string;
  providerId: string;
  authModel: string;
  subject?: string;
  /** The last four characters of the secret. */
  tokenPreview: string;
  /** ISO 8601. */
  expiresAt?: string;
  createdAt: string;
}

/** The record of them, each with its secret encrypted. */
export interface AuthContextStore {
  create(
    context: Omit<AuthContext, 'createdAt'>,
    sealed: string,
    claim: Claim | undefined,
  ): Promise<AuthContext>;
  /** Newest first. */
  list(owner: string): Promise<AuthContext[]>;
  find(owner: string, id: string): Promise<{ context: AuthContext; sealed: string } | undefined>;
  /** False when the owner has none of this id. */
  remove(owner: string, id: string): Promise<boolean>;
}

/** Encrypts text for one use of it. */
export interface Sealer {
  seal(secret: string, context: string): string;
  open(sealed: string, context: string): string;
  /** Tells texts apart, without a way back for who has not the key. */
  digest(text: string): string;
}

/** What a request names. */
export interface GivenCredential {
  auth_token?: string | undefined;
  auth_context_id?: string | undefined;
}

interface For {
  caller: string;
  providerId: string;
}

type CalledAgent = Pick<GatewayAgent, 'providerId' | 'remote'>;

/** A call's own token, and whom it was given for. */
interface SealedToken {
  token: string;
  providerId: string;
  cardUrl?: string | undefined;
}

/** The credentials of calls: opened for the call alone, and for no other provider than they were stored for. */
export class Credentials {
  readonly #contexts: AuthContextStore;
  readonly #box: Sealer;

  constructor({ contexts, box }: { contexts: AuthContextStore; box: Sealer }) {
    this.#contexts = contexts;
    this.#box = box;
  }

  /** @throws GatewayError 422 when there is no such stored credential for this caller and provider, or no longer. */
  async resolve({ auth_token, auth_context_id }: GivenCredential, of: For): Promise<string | undefined> {
    if (auth_token !== undefined || auth_context_id === undefined) return auth_token;
    const found = await this.#contexts.find(of.caller, auth_context_id);
    if (found === undefined || found.context.providerId !== of.providerId) {
      throw new GatewayError(
        422,
        'unprocessable',
        'auth_context_id: there is no such credential for this agent',
      );
    }
    const { expiresAt } = found.context;
    if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) {
      throw new GatewayError(422, 'unprocessable', 'auth_context_id: the credential has expired');
    }
    return this.#box.open(found.sealed, authContextSecret(found.context));
  }

  /** @param claim the key of its request: under it the credential is stored once. */
  async store(
    context: Omit<AuthContext, 'createdAt' | 'tokenPreview'>,
    token: string,
    claim: Claim | undefined,
  ): Promise<AuthContext> {
    // Of a short one four characters would be most of it.
    const tokenPreview = token.length >= 12 ? token.slice(-4) : '';
    return this.#contexts.create(
      { ...context, tokenPreview },
      this.#box.seal(token, authContextSecret(context)),
      claim,
    );
  }

  /** A body with a digest in place of its token: what of it may be on record. */
  hidden(body: unknown): unknown {
    if (typeof body !== 'object' || body === null || !('token' in body)) return body;
    return { ...body, token: this.#box.digest(JSON.stringify(body.token)) };
  }

  /** A call's own token, for as long as its receipt is running. */
  sealFor(
    receiptId: string,
    { auth_token: token }: GivenCredential,
    { providerId, remote }: CalledAgent,
  ): string | undefined {
    if (token === undefined) return undefined;
    const sealed: SealedToken = { token, providerId, cardUrl: remote?.cardUrl };
    return this.#box.seal(JSON.stringify(sealed), receiptSecret(receiptId));
  }

  /**
   * What a call that is made later was given.
   * @param agent as it is published now: by its id another may have come since.
   * @throws GatewayError 422 as above, and when the token was given for an agent of another provider or card.
   */
  async ofCall(
    receiptId: string,
    { secret, authContextId }: { secret?: string; authContextId?: string },
    { caller, agent }: { caller: string; agent: CalledAgent },
  ): Promise<string | undefined> {
    const { providerId, remote } = agent;
    if (secret === undefined) return this.resolve({ auth_context_id: authContextId }, { caller, providerId });
    const sealed = JSON.parse(this.#box.open(secret, receiptSecret(receiptId))) as SealedToken;
    if (sealed.providerId !== providerId || sealed.cardUrl !== remote?.cardUrl) {
      throw new GatewayError(422, 'unprocessable', 'auth_token: was given for another agent of this id');
    }
    return sealed.token;
  }
}
