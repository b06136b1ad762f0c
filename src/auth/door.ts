const ASK_EVERY_MS = 500;

/**
 * Whether the host serves callers without credentials: on loopback, until an issuer is configured or a first key is
 * made. The record is asked, because any process may make a key; once closed it stays closed.
 */
export class Door {
  readonly #anyKey: () => Promise<boolean>;
  #open: boolean;
  #asked = performance.now();
  #asking: Promise<void> | undefined;

  /**
   * @param open how it is now.
   * @param anyKey whether a key was ever made; asked only while it is open.
   */
  constructor(open: boolean, anyKey: () => Promise<boolean>) {
    this.#open = open;
    this.#anyKey = anyKey;
  }

  /** As it last was: for what may be half a second late. */
  get wasOpen(): boolean {
    return this.#open;
  }

  /** At most half a second late. */
  isOpen(): boolean | Promise<boolean> {
    if (!this.#open) return false;
    if (performance.now() - this.#asked < ASK_EVERY_MS) return true;
    this.#asking ??= this.#ask();
    return this.#asking.then(() => this.#open);
  }

  close(): void {
    this.#open = false;
  }

  async #ask(): Promise<void> {
    // While the record cannot be reached no key can be made: it is as it was.
    if (await this.#anyKey().catch(() => false)) this.#open = false;
    this.#asked = performance.now();
    this.#asking = undefined;
  }
}
