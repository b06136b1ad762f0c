import type { Random } from './random.ts';

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
  receiptId?: string;
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

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }
}
