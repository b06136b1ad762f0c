import type { Random } from './random.ts';

/** What a state of any surface is called once nothing follows it. */
export const FINAL = /(COMPLETED|FAILED|CANCELED|REJECTED)$/i;

export type Plan = 'finish' | 'ask' | 'fail' | 'wait';
type Ending = 'completed' | 'failed' | 'canceled';

/** What a client asked for, what it was told, and so what must be true of it at the end. */
export interface Call {
  /** In the message, and so in every trace its task leaves. */
  readonly key: string;
  readonly by: string;
  readonly plan: Plan;
  readonly steps: number;
  readonly stepMs: number;
  readonly ending: Ending;
  taskId?: string;
  /** Tells the client's answer from others, when the plan asks. */
  answer?: string;
  /** A webhook was named that is to hear of the end. */
  notified?: boolean;
}

const ENDING: Record<Plan, Ending> = {
  finish: 'completed',
  ask: 'completed',
  fail: 'failed',
  wait: 'canceled',
};

/** All calls of a run, and all that was found wrong with them. */
export class Ledger {
  readonly calls: Call[] = [];
  readonly problems: string[] = [];
  /** How often each thing was seen that a figure is made of. */
  readonly seen = new Map<string, number>();
  readonly #orderly: { to: number }[] = [];

  open(by: string, plan: Plan, random: Random): Call {
    const call: Call = {
      key: `${by}-${this.calls.length + 1}`,
      by,
      plan,
      steps: random.between(1, 4),
      stepMs: random.between(0, 400),
      ending: ENDING[plan],
    };
    this.calls.push(call);
    return call;
  }

  /** Every answer to a call, and to each repetition of it, must name the same task. */
  told(call: Call, taskId: string): void {
    call.taskId ??= taskId;
    if (call.taskId !== taskId) this.problem(call, `was told of two tasks, ${call.taskId} and ${taskId}`);
  }

  problem({ key, taskId }: Call, what: string): void {
    this.problems.push(`${key} (task ${taskId ?? 'unknown'}): ${what}`);
  }

  /** What a host does on the way is done in good order: it closes its streams. */
  async inGoodOrder(work: Promise<void>): Promise<void> {
    const span = { to: Number.POSITIVE_INFINITY };
    this.#orderly.push(span);
    await work;
    span.to = Date.now();
  }

  /** Some host was told to go in good order, and had not gone before `since`. */
  wasOrderly(since: number): boolean {
    return this.#orderly.some(({ to }) => to >= since);
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }
}

/** How often each is among them. */
export function count(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
