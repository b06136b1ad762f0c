/** A stretch of time, cut into equal steps. */
export interface StatisticsQuery {
  from: Date;
  to: Date;
  stepMs: number;
}

/** Percentiles of a duration in each step, in milliseconds; null where there was none. */
export interface Percentiles {
  count: number[];
  p50: (number | null)[];
  p90: (number | null)[];
  p99: (number | null)[];
}

/** A webhook that does not take what it is told. */
export interface FailingDelivery {
  taskId: string;
  agentCode: string;
  /** Of its URL; the rest may hold secrets. */
  host: string;
  failures: number;
  since: string;
  problem: string | null;
}

/** What happened, by step. Lists have one entry a step. */
export interface Statistics {
  /** Tasks accepted, by the state they are in now. */
  tasks: Record<string, number[]>;
  /** From a task's acceptance to its first change. */
  queue: Percentiles;
  /** From a task's acceptance to its end, of those that have ended. */
  durations: Percentiles;
  /** From a call to its answer, of calls that left a receipt. */
  calls: Percentiles;
  /** Calls refused by policy, by its code. */
  refusals: Record<string, number[]>;
  /** Webhooks that fail now: how many of them failed already at the end of the step. */
  failing: number[];
  now: {
    /** Tasks that have not ended. `oldestAt`: milliseconds since 1970, since when the first is in its state. */
    tasks: { agent: string; state: string; count: number; oldestAt: number }[];
    receipts: { running: number; pending: number };
    /** Those that fail for longest. */
    deliveries: FailingDelivery[];
  };
}

export interface StatisticsStore {
  /** @throws HostError `unavailable`. */
  read(query: StatisticsQuery): Promise<Statistics>;
}
