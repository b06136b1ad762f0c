import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { AuditEntry, AuditLog } from './audit.ts';
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

interface Minute {
  written: number;
  leftOut: number;
  over: NodeJS.Timeout;
}

/**
 * Writes refused credentials into the audit log. Of one address ten a minute are written, so that whoever guesses
 * cannot fill the log; how many were left out is written when the minute is over.
 */
export class RefusalLog {
  readonly #audit: AuditLog;
  readonly #log: Logger;
  readonly #writing = new Set<Promise<void>>();
  readonly #minutes = new LRUCache<string, Minute>({
    max: ADDRESSES,
    dispose: (minute, address) => {
      clearTimeout(minute.over);
      this.#tellLeftOut(minute, address);
    },
  });

  constructor({ audit, log }: { audit: AuditLog; log: Logger }) {
    this.#audit = audit;
    this.#log = log;
  }

  note({ code, message, known }: Refusal, { caller, address = '', action }: Asked): void {
    // No credential at all, and a proof that lacks its nonce, are how a client begins.
    if (code === undefined || code === 'use_dpop_nonce') return;
    if (!this.#mayWrite(address)) return;
    this.#write({
      event: code === 'insufficient_scope' ? 'access-refused' : 'login-refused',
      caller: caller ?? known.caller,
      address: address || undefined,
      detail: { action, error: code, reason: message, ...(known.key && { key: known.key }) },
    });
  }

  /** Writes what was left out so far, and waits until all is written. */
  async close(): Promise<void> {
    this.#minutes.clear();
    await Promise.all(this.#writing);
  }

  #mayWrite(address: string): boolean {
    const minute = this.#minutes.get(address);
    if (minute === undefined) {
      const over = setTimeout(() => this.#minutes.delete(address), A_MINUTE_MS).unref();
      this.#minutes.set(address, { written: 1, leftOut: 0, over });
      return true;
    }
    const mayWrite = minute.written < WRITTEN_A_MINUTE;
    minute[mayWrite ? 'written' : 'leftOut'] += 1;
    return mayWrite;
  }

  #tellLeftOut({ leftOut }: Minute, address: string): void {
    if (leftOut === 0) return;
    const reason = `More of this address within a minute than the ${WRITTEN_A_MINUTE} that are written`;
    this.#write({ event: 'login-refused', address: address || undefined, detail: { reason, leftOut } });
  }

  #write(entry: AuditEntry): void {
    const { event, address } = entry;
    const writing = this.#audit
      .record(entry)
      .catch((error) => {
        this.#log.warn({ reason: messageOf(error), event, address }, 'a refusal could not be audited');
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}
