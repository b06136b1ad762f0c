/** A request that came with an Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header). */
export interface KeyScope {
  /** The id of who calls. */
  caller: string;
  /** The method and path. */
  route: string;
  key: string;
}

/** The key of a request that is being worked on: whatever accepts the work writes it along, in one transaction. */
export interface Claim extends KeyScope {
  fingerprint: string;
  /** The same for each try under this key: names what the request makes. */
  id: string;
  /** An earlier try was broken off: nobody knows how far it has come. */
  again?: true;
  /** The call that an earlier try made, of which no answer is known. */
  receiptId?: string;
  /** What an earlier try came to, of which no answer is known: it is not done again. */
  done?: unknown;
  /** The key is on record, and this request's to answer; whoever writes it sets this. */
  held: boolean;
}

export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A key on record. */
export interface KeyRecord {
  fingerprint: string;
  id: string;
  receiptId?: string;
  /** What its work came to; undefined while it is not done. */
  done?: unknown;
  /** A request is at work on it. */
  held: boolean;
  answer?: KeptAnswer;
}

/** The record of keys. Every method is one statement; each throws HostError `unavailable`. */
export interface KeyStore {
  /** Undefined also for one that is a day old. */
  find(scope: KeyScope): Promise<KeyRecord | undefined>;
  /** Writes a key by itself. False when it is there already. */
  take(claim: Claim): Promise<boolean>;
  /** Takes over a key that nobody holds and that has no answer. False when somebody else was first. */
  takeOver(claim: Claim): Promise<boolean>;
  /** Keeps the answer, unless there is one. @returns the one that is kept: of two tries both give the same. */
  keep(claim: Claim, answer: KeptAnswer): Promise<KeptAnswer>;
  /** Nobody is at work on it any more, and there is no answer: the next try goes on with it. */
  letGo(claim: Claim): Promise<void>;
  /** Nothing came of the request: the key is as if it had not been used. One whose work is done is let go instead. */
  forget(claim: Claim): Promise<void>;
}
