import type { Client } from '@temporalio/client';
import type { AttributeType, AttributeTypes } from '../mapping/search-attributes.ts';

/** By their numbers in Temporal's API. */
const TYPES: Record<number, AttributeType> = {
  1: 'Text',
  2: 'Keyword',
  3: 'Int',
  4: 'Double',
  5: 'Bool',
  6: 'Datetime',
  7: 'KeywordList',
};
const KEPT_MS = 60_000;
/** For one that is not there, and while Temporal does not tell. */
const AGAIN_MS = 1_000;
const DEADLINE_MS = 1_000;

/** The search attributes of a namespace. @throws what Temporal answers. */
export async function registeredAttributes(
  connection: Pick<Client['connection'], 'operatorService' | 'withDeadline'>,
  namespace: string,
): Promise<AttributeTypes> {
  const { customAttributes } = await connection.withDeadline(Date.now() + DEADLINE_MS, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  return new Map(
    Object.entries(customAttributes ?? {}).flatMap(([name, number]) => {
      const type = TYPES[number];
      return type === undefined ? [] : [[name, type] as const];
    }),
  );
}

/** The same, kept for a minute. */
export class RegisteredAttributes {
  readonly #client: () => Pick<Client, 'connection' | 'options'>;
  #types: AttributeTypes | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** @param client gives the client, or throws while there is none. */
  constructor(client: () => Pick<Client, 'connection' | 'options'>) {
    this.#client = client;
  }

  /** Undefined when Temporal did not tell, or may not tell us; asked anew for a name that is not known. */
  async types(names: readonly string[]): Promise<AttributeTypes | undefined> {
    const known = names.every((name) => this.#types?.has(name));
    if (performance.now() - this.#readAt > (known ? KEPT_MS : AGAIN_MS)) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#types;
  }

  async #read(): Promise<void> {
    try {
      const { connection, options } = this.#client();
      this.#types = await registeredAttributes(connection, options.namespace);
    } catch {
      // Away, or not ours to ask: what was known holds.
    }
    this.#readAt = performance.now();
  }
}
