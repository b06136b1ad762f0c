import { createHmac, timingSafeEqual } from 'node:crypto';

/** A nonce is made anew this often, and accepted for as long again. */
const PERIOD_MS = 150_000;

/**
 * The nonces of RFC 9449 §9. They are computed from a secret that all processes share and from the time, so that
 * each knows those of the others and none is kept.
 */
export class Nonces {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  current(): string {
    return this.#of(Math.floor(Date.now() / PERIOD_MS));
  }

  /** `aging`: accepted still, and to be replaced. */
  stateOf(nonce: string): 'current' | 'aging' | 'unknown' {
    const period = Math.floor(Date.now() / PERIOD_MS);
    if (same(nonce, this.#of(period))) return 'current';
    return same(nonce, this.#of(period - 1)) ? 'aging' : 'unknown';
  }

  #of(period: number): string {
    return createHmac('sha256', this.#secret).update(`dpop-nonce ${period}`).digest('base64url');
  }
}

const same = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
