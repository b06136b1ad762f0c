/** What is kept of who did what to whom it may concern; nothing of a credential but its public name. */
export interface AuditEntry {
  event: string;
  /** The caller's id; undefined when nobody was recognised. */
  caller?: string | undefined;
  /** Where the request came from; undefined on the command line. */
  address?: string | undefined;
  detail: Record<string, unknown>;
}

export interface RecordedEntry extends AuditEntry {
  id: string;
  at: Date;
}

export interface AuditQuery {
  event?: string | undefined;
  caller?: string | undefined;
  limit: number;
}

/** Append-only: entries are never changed and never removed. */
export interface AuditLog {
  /** @throws HostError `unavailable`; what is to be audited has then not been done, or its doer must be told. */
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  read(query: AuditQuery): Promise<RecordedEntry[]>;
}
