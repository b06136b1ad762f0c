import { readConfig } from '../config.ts';
import { withRecord } from '../record.ts';
import { PrismaAuditLog } from '../storage/audit-log.ts';
import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode, usageError } from './failure.ts';
import { table } from './show/text.ts';

export interface AuditOptions {
  event?: string;
  caller?: string;
  limit: string;
}

const MOST = 10_000;

/** Prints the newest entries of the audit log, newest first. */
export async function showAudit(
  { env, output }: CommandContext,
  { event, caller, limit }: AuditOptions,
): Promise<ExitCode> {
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw usageError(`--limit: must be 1 to ${MOST}`);
  const entries = await withRecord(readConfig(env), (db) =>
    new PrismaAuditLog(db).read({ event, caller, limit: count }),
  );
  output.object({ entries });
  if (entries.length === 0) output.text('The audit log has no such entry.');
  else {
    const rows = entries.map((entry) => [
      entry.at.toISOString(),
      entry.event,
      entry.caller ?? '–',
      entry.address ?? '–',
      JSON.stringify(entry.detail),
    ]);
    output.text(...table(['at', 'event', 'caller', 'from', 'detail'], rows, output.width));
  }
  return EXIT.ok;
}
