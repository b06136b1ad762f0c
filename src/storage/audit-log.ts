import type { AuditEntry, AuditLog, AuditQuery, RecordedEntry } from '../auth/audit.ts';
import { reachable } from './client.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** The audit log in Postgres, where a trigger refuses every change to what is written. */
export class PrismaAuditLog implements AuditLog {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  record(entry: AuditEntry): Promise<void> {
    return reachable(async () => {
      await this.#db.auditEntry.create({ data: auditRow(entry) });
    });
  }

  read({ event, caller, limit }: AuditQuery): Promise<RecordedEntry[]> {
    return reachable(async () => {
      const where = {
        ...(event === undefined ? {} : { event }),
        ...(caller === undefined ? {} : { caller }),
      };
      const rows = await this.#db.auditEntry.findMany({ where, orderBy: { id: 'desc' }, take: limit });
      return rows.map(({ id, caller: who, address, detail, ...row }) => ({
        ...row,
        id: String(id),
        caller: who ?? undefined,
        address: address ?? undefined,
        detail: detail as Record<string, unknown>,
      }));
    });
  }
}

export const auditRow = ({ event, caller, address, detail }: AuditEntry): Prisma.AuditEntryCreateInput => ({
  event,
  caller: caller ?? null,
  address: address ?? null,
  detail: detail as Prisma.InputJsonObject,
});
