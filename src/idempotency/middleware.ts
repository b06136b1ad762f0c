import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { callerOf } from '../auth/guard.ts';
import { HostError, keyInUse } from '../errors.ts';
import { fingerprintOf, readKey } from './key.ts';
import type { Claim, KeptAnswer, KeyScope, KeyStore } from './ports.ts';

/** What is to be done with the key of a request that was answered. */
export type Fate =
  /** The answer is given again to each repetition. */
  | 'keep'
  /** Nothing was done: the key may be used for another request. */
  | 'forget'
  /** What came of it is not known yet: a repetition goes on with it. */
  | 'let-go';

export interface IdempotencyOptions {
  store: KeyStore;
  /** How the surface tells an error of this status. */
  refuse(res: Response, error: { status: number; message: string; retryAfterS?: number }): void;
  /** By the answer's status, unless the surface knows more. */
  fateOf?(status: number, body: unknown): Fate;
  /** What of a body tells one request from another; all of it by default. */
  contentOf?(body: unknown): unknown;
  /** An answer that was kept, as it is given to a repetition. */
  replayed?(answer: unknown, body: unknown): unknown;
  log: Logger;
}

/** Who writes the key: the work that the request is for, when it is accepted, or else this middleware before. */
export type WrittenBy = 'work' | 'itself';

const CLAIMS = new WeakMap<Request, Claim>();

/** The key of a request whose work writes it; undefined when it has none. */
export const claimOf = (req: Request): Claim | undefined => CLAIMS.get(req);

/**
 * Work that is done once under a key, and what it came to.
 * @param work notes what it came to in its own transaction.
 */
export async function onceFor<T>(
  claim: Claim | undefined,
  work: (claim: Claim | undefined) => Promise<T>,
): Promise<T> {
  return claim?.done === undefined ? work(claim) : (claim.done as T);
}

/**
 * A request that comes again with the same Idempotency-Key within 24 hours is answered as the first time, and nothing is
 * done again. Goes behind what reads the body.
 */
export function idempotent(options: IdempotencyOptions, writtenBy: WrittenBy = 'work'): RequestHandler {
  const { store, refuse, log } = options;
  return async (req, res, next) => {
    try {
      const claim = await claimFor(req, res, options);
      if (claim === 'answered') return;
      if (claim !== undefined) {
        if (writtenBy === 'itself' && !claim.held) {
          if (!(await store.take(claim))) throw keyInUse();
          claim.held = true;
        }
        CLAIMS.set(req, claim);
        keepAnswer(req, res, claim, options);
      }
    } catch (error) {
      if (!(error instanceof HostError)) return next(error);
      const known = STATUS[error.code];
      if (known === undefined) return next(error);
      if (known === 503) log.warn({ err: error }, 'an idempotency key could not be looked up');
      return refuse(res, { status: known, message: error.message, retryAfterS: error.retryAfterS ?? 1 });
    }
    next();
  };
}

const STATUS: Partial<Record<HostError['code'], number>> = { key_in_use: 409, unavailable: 503 };

/** Undefined for a request without a key; `answered` when there is nothing more to be done. */
async function claimFor(
  req: Request,
  res: Response,
  options: IdempotencyOptions,
): Promise<Claim | 'answered' | undefined> {
  const { store, refuse, contentOf = (body) => body } = options;
  const values = req.headersDistinct['idempotency-key'];
  if (values === undefined) return undefined;
  const given = readKey(values);
  if ('problem' in given) {
    refuse(res, { status: 400, message: `Idempotency-Key ${given.problem}` });
    return 'answered';
  }
  const fingerprint = fingerprintOf(contentOf(req.body));
  if (fingerprint === undefined) {
    const message = 'The body is nested too deeply, or holds a number that is out of range';
    refuse(res, { status: 400, message });
    return 'answered';
  }
  const route = `${req.method} ${pathOf(req)}`;
  const scope: KeyScope = { caller: callerOf(req).id, route, key: given.key };
  const known = await store.find(scope);
  if (known === undefined) return { ...scope, fingerprint, id: randomUUID(), held: false };
  if (known.fingerprint !== fingerprint) {
    refuse(res, { status: 422, message: 'The Idempotency-Key was used for a request with another body' });
    return 'answered';
  }
  if (known.answer !== undefined) {
    replay(req, res, known.answer, options);
    return 'answered';
  }
  const { id, receiptId, done } = known;
  const claim: Claim = {
    ...scope,
    fingerprint,
    id,
    ...(receiptId && { receiptId }),
    ...(done !== undefined && { done }),
    again: true,
    held: true,
  };
  if (known.held || !(await store.takeOver(claim))) throw keyInUse();
  return claim;
}

/** One path for all its spellings. */
const pathOf = ({ baseUrl, path }: Request): string =>
  `${baseUrl}${path}`
    .split('/')
    .map((part) => encodeURIComponent(decodeURIComponent(part)))
    .join('/')
    .replace(/(.)\/$/, '$1');

function replay(
  req: Request,
  res: Response,
  { status, headers, body }: KeptAnswer,
  { replayed = (answer) => answer }: IdempotencyOptions,
): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.setHeader('Idempotent-Replayed', 'true');
  res.status(status).json(replayed(JSON.parse(body), req.body));
}

const KEPT_HEADERS = ['location'];

/**
 * The answer goes on record before it goes out; one that cannot be kept goes out all the same. One that another try
 * was quicker with gives way to the other's.
 */
function keepAnswer(req: Request, res: Response, claim: Claim, options: IdempotencyOptions): void {
  const { store, fateOf = byStatus, log } = options;
  const send = res.json.bind(res);
  res.json = (body: unknown) => {
    res.json = send;
    void settle(body).then((other) => {
      if (other === undefined) send(body);
      else replay(req, res, other, options);
    });
    return res;
  };
  /** @returns the answer that is kept already, when there is one. */
  const settle = async (body: unknown): Promise<KeptAnswer | undefined> => {
    if (!claim.held) return undefined;
    try {
      const told = fateOf(res.statusCode, body);
      // Its client has gone before it was all done: another try is to have the end of it.
      const gone = res.closed && told === 'keep';
      // What an earlier try has done is not undone by this one's failure.
      const begun = told === 'forget' && claim.again === true && claim.receiptId !== undefined;
      const fate = gone || begun ? 'let-go' : told;
      if (fate === 'let-go') await store.letGo(claim);
      else if (fate === 'forget') await store.forget(claim);
      else {
        const answer = answerOf(res, body);
        const kept = await store.keep(claim, answer);
        if (kept !== answer) return kept;
      }
    } catch (error) {
      log.warn({ err: error }, 'an answer was not kept under its idempotency key');
    }
    return undefined;
  };
}

/** Where the work failed on our side, or beyond, it may yet be done. */
export function byStatus(status: number): Fate {
  if (status >= 500 || status === 429) return 'let-go';
  // A refusal by policy is an answer, with a receipt.
  return status < 400 || status === 403 ? 'keep' : 'forget';
}

const answerOf = (res: Response, body: unknown): KeptAnswer => ({
  status: res.statusCode,
  headers: Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = res.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  ),
  body: JSON.stringify(body),
});
