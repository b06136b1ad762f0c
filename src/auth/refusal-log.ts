import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { AuditLog } from './audit.ts';
import type { Refusal } from './refusal.ts';

/** Who was refused, and at what. */
interface Asked {
  caller: string | undefined;
  address: string | undefined;
  action: string;
}

const A_MINUTE_MS = 60_000;
const WRITTEN_A_MINUTE = 10;
const ADDRESSES = 10_000;

/**
 * Writes refused credentials into the audit log. Of one address ten a minute are written; how many were left out is
 * told by the next one, so that whoever guesses cannot fill the log.
 */
export class RefusalLog {
  readonly #audit: AuditLog;
  readonly #log: Logger;
  readonly #minutes = new LRUCache<string, { written: number }>({ max: ADDRESSES, ttl: A_MINUTE_MS });
  readonly #leftOut = new LRUCache<string, number>({ max: ADDRESSES });

  constructor({ audit, log }: { audit: AuditLog; log: Logger }) {
    this.#audit = audit;
    this.#log = log;
  }

  note({ code, message }: Refusal, { caller, address, action }: Asked): void {
    // No credential at all, and a proof that lacks its nonce, are how a client begins.
    if (code === undefined || code === 'use_dpop_nonce') return;
    const left = this.#mayWrite(address ?? '');
    if (left === undefined) return;
    const event = code === 'insufficient_scope' ? 'access-refused' : 'login-refused';
    const detail = { action, error: code, reason: message, ...(left === 0 ? {} : { leftOut: left }) };
    this.#audit.record({ event, caller, address, detail }).catch((error) => {
      this.#log.warn({ reason: messageOf(error), event, address }, 'a refusal could not be audited');
    });
  }

  /** How many were left out since the last one written; undefined when this one is to be left out too. */
  #mayWrite(address: string): number | undefined {
    const minute = this.#minutes.get(address);
    if (minute === undefined) {
      this.#minutes.set(address, { written: 1 });
      const left = this.#leftOut.get(address) ?? 0;
      this.#leftOut.delete(address);
      return left;
    }
    if (minute.written < WRITTEN_A_MINUTE) {
      minute.written += 1;
      return 0;
    }
    this.#leftOut.set(address, (this.#leftOut.get(address) ?? 0) + 1);
    return undefined;
  }
}
