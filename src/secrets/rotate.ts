import { messageOf } from '../errors.ts';
import type { SecretBox } from './box.ts';

const PAGE = 500;

interface SealedSecret {
  id: string;
  sealed: string;
  /** What it is sealed for. */
  context: string;
}

/** The secrets of one table. */
export interface SealedSecrets {
  /** In the order of their ids, after this one. */
  page(after: string | undefined, limit: number): Promise<SealedSecret[]>;
  /** Puts one text in the place of another; nothing happens when it has changed meanwhile. */
  replace(id: string, from: string, to: string): Promise<void>;
}

export interface RewrapReport {
  rewrapped: number;
  /** Why some cannot be opened: they are left as they are. */
  problems: string[];
}

/** Brings every secret under the first key of the box, one after the other; each can be opened at any moment. */
export async function rewrapAll(
  box: Pick<SecretBox, 'rewrap'>,
  tables: readonly SealedSecrets[],
): Promise<RewrapReport> {
  const report: RewrapReport = { rewrapped: 0, problems: [] };
  for (const table of tables) {
    let after: string | undefined;
    for (;;) {
      const page = await table.page(after, PAGE);
      for (const secret of page) await rewrapOne(secret, { box, table, report });
      after = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
  }
  return report;
}

async function rewrapOne(
  { id, sealed, context }: SealedSecret,
  { box, table, report }: { box: Pick<SecretBox, 'rewrap'>; table: SealedSecrets; report: RewrapReport },
): Promise<void> {
  let wrapped: string | undefined;
  try {
    wrapped = box.rewrap(sealed, context);
  } catch (error) {
    report.problems.push(`${context}: ${messageOf(error)}`);
    return;
  }
  if (wrapped === undefined) return;
  await table.replace(id, sealed, wrapped);
  report.rewrapped += 1;
}
