import { randomUUID } from 'node:crypto';
import type { AgentDefinition } from '../agents/definition.ts';
import { messageOf } from '../errors.ts';
import type { FileStore } from './files.ts';
import type {
  DeliveryResult,
  NotedProblem,
  PendingDelivery,
  PendingStart,
  RepairStore,
  TaskEngine,
  TaskInspector,
  TaskStore,
} from './ports.ts';
import { workflowOf } from './start.ts';
import type { Message } from './task.ts';

/** Younger ones are still in the hands of the request that brought them. */
const OLDER_THAN_MS = 5_000;
const AT_ONCE = 200;
/** A task silent for this long is looked for in the engine, some with every sweep. */
const SILENT_MS = 10 * 60_000;
const LOOKED_FOR_AT_ONCE = 200;
/** A message refused by nobody and taken by nobody for this long tells of a workflow that cannot go on. */
const UNDELIVERABLE_MS = 20_000;
const MAX_PROBLEM_LENGTH = 500;

/** A file is handed in moments before the task that takes it. */
const UNTAKEN_MS = 60 * 60_000;
const FILES_AT_ONCE = 1_000;

const KINDS = [
  'started',
  'delivered',
  'refused',
  'ended',
  'stuck',
  'freed',
  'unknown',
  'purged',
  'pushed',
] as const;

/** What a sweep did, counted, and what it could not do: one line each, for the next sweep to try again. */
export type RepairReport = Record<(typeof KINDS)[number], number> & { problems: string[] };

export const REPAIR_KINDS: readonly (typeof KINDS)[number][] = KINDS;

export interface RepairOptions {
  store: TaskStore;
  repairs: RepairStore;
  engine: TaskEngine;
  inspector: TaskInspector;
  files: Pick<FileStore, 'purge'>;
  agent(code: string): AgentDefinition | undefined;
  /** Tells webhooks what a death kept from them. @returns how many were behind. */
  push: { repair(): Promise<number> };
}

/**
 * One sweep: closes every gap between the record and the engine. What was done already is not done again, and
 * what cannot be done now is left to the next sweep.
 */
export async function repair(options: RepairOptions): Promise<RepairReport> {
  const sweep = new Sweep(options);
  await sweep.noting('starts', () => sweep.startAccepted());
  await sweep.noting('messages', () => sweep.deliverPending());
  await sweep.noting('ends', () => sweep.recordEnds());
  await sweep.noting('stuck workflows', () => sweep.showStuck());
  await sweep.noting('unknown tasks', () => sweep.failUnknown());
  await sweep.noting('files', () => sweep.purgeFiles());
  await sweep.noting('push notifications', () => sweep.pushBehind());
  return sweep.report;
}

class Sweep {
  readonly report: RepairReport;
  readonly #options: RepairOptions;
  readonly #undeliverable: { taskId: string; problem: string }[] = [];

  constructor(options: RepairOptions) {
    this.#options = options;
    this.report = {
      started: 0,
      delivered: 0,
      refused: 0,
      ended: 0,
      stuck: 0,
      freed: 0,
      unknown: 0,
      purged: 0,
      pushed: 0,
      problems: [],
    };
  }

  /** One thing that fails does not keep the others from being done. */
  async noting(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.report.problems.push(`${what}: ${messageOf(error)}`);
    }
  }

  /** Accepted, and nothing heard of since: started, or found started. */
  async startAccepted(): Promise<void> {
    for (const pending of await this.#options.store.unstarted(OLDER_THAN_MS, AT_ONCE)) {
      await this.noting(`task ${pending.taskId}`, () => this.#start(pending));
    }
  }

  async #start(pending: PendingStart): Promise<void> {
    const definition = this.#options.agent(pending.agentCode);
    if (definition === undefined) throw new Error(`agent ${pending.agentCode} is not published here`);
    await this.#options.engine.start(workflowOf(definition, pending), pending);
    this.report.started += 1;
  }

  /** A message the engine never answered for: sent again, under the same delivery id. */
  async deliverPending(): Promise<void> {
    for (const delivery of await this.#options.store.unconfirmed(OLDER_THAN_MS, AT_ONCE)) {
      await this.noting(`task ${delivery.taskId}`, () => this.#deliver(delivery));
    }
  }

  async #deliver(delivery: PendingDelivery): Promise<void> {
    const { store, engine } = this.#options;
    const result = await engine
      .deliver(delivery)
      .catch((error: unknown) => this.#undelivered(delivery, error));
    const { taskId, message, pending } = delivery;
    // One that was taken and a workflow that has ended since are as they should be.
    if (result.outcome === 'accepted' || (result.ended && !pending)) {
      await store.acknowledge(taskId, message.messageId);
      this.report.delivered += 1;
      return;
    }
    if (pending) await store.discard(taskId, message.messageId);
    else await store.confirm(taskId, message.messageId);
    this.report.refused += 1;
    this.report.problems.push(`task ${taskId}: its workflow refused an accepted message: ${result.reason}`);
  }

  /** Temporal does not count a workflow as stuck while it is only a message that it cannot take. */
  async #undelivered(
    { taskId, waitingMs, pending }: PendingDelivery,
    error: unknown,
  ): Promise<DeliveryResult> {
    // Taken long ago, and Temporal has forgotten its workflow.
    if (!pending && waitingMs > SILENT_MS) return { outcome: 'accepted' };
    const problem =
      waitingMs < UNDELIVERABLE_MS ? undefined : await this.#options.inspector.problemOf(taskId);
    if (problem === undefined) throw error;
    this.#undeliverable.push({ taskId, problem });
    throw new Error(`its workflow does not take the next message: ${problem}`, { cause: error });
  }

  /** A workflow that was ended from outside cannot say so itself. */
  async recordEnds(): Promise<void> {
    const { repairs, inspector } = this.#options;
    const since = await repairs.mark('ended');
    const { taskIds, through } = await inspector.endedSince(
      since === undefined ? new Date() : new Date(since),
    );
    for (const taskId of await repairs.openAmong(taskIds)) {
      await this.noting(`task ${taskId}`, () => this.#recordEnd(taskId));
    }
    await repairs.setMark('ended', through.toISOString());
  }

  async #recordEnd(taskId: string): Promise<void> {
    const { repairs, inspector } = this.#options;
    const end = await inspector.endOf(taskId);
    if (end === undefined) return;
    await repairs.correct(taskId, {
      state: end.state,
      ...(end.reply ? { reply: true } : {}),
      ...(end.text === '' ? {} : { message: hostMessage(end.text) }),
    });
    this.report.ended += 1;
  }

  /** A workflow that cannot go on is shown as such; once it can again, its own view of its status is restored. */
  async showStuck(): Promise<void> {
    const { repairs, inspector } = this.#options;
    const stuck = new Map<string, string>();
    for (const { taskId, problem } of [...this.#undeliverable, ...(await inspector.stuck())]) {
      stuck.set(taskId, problem);
    }
    for (const [taskId, problem] of stuck) {
      const shown = problem.slice(0, MAX_PROBLEM_LENGTH);
      const message = hostMessage('The task cannot go on until its operator has repaired the agent');
      if (await repairs.noteProblem(taskId, shown, message)) this.report.stuck += 1;
    }
    for (const noted of await repairs.problems(AT_ONCE)) {
      if (!stuck.has(noted.taskId)) await this.noting(`task ${noted.taskId}`, () => this.#free(noted));
    }
  }

  async #free({ taskId, version }: NotedProblem): Promise<void> {
    const { repairs, inspector } = this.#options;
    const status = await inspector.statusOf(taskId);
    if (status === undefined) return;
    // What the workflow has reported by itself meanwhile is newer than its answer.
    await repairs.correct(taskId, status, version);
    await repairs.clearProblem(taskId);
    this.report.freed += 1;
  }

  /** Changed, and its webhooks not told. */
  async pushBehind(): Promise<void> {
    this.report.pushed += await this.#options.push.repair();
  }

  /** Begun, silent for long, and the engine has never heard of it: its state was lost, and it never runs twice. */
  async failUnknown(): Promise<void> {
    const { repairs, inspector } = this.#options;
    const after = await repairs.mark('looked-for');
    const silent = await repairs.openAfter(after || undefined, SILENT_MS, LOOKED_FOR_AT_ONCE);
    for (const taskId of await inspector.unknown(silent)) {
      await repairs.correct(taskId, {
        state: 'failed',
        message: hostMessage('The workflow engine no longer knows this task'),
      });
      this.report.unknown += 1;
    }
    // Round and round: past the last task it begins again with the first.
    const last = silent.length < LOOKED_FOR_AT_ONCE ? '' : (silent.at(-1) ?? '');
    if (last !== (after ?? '')) await repairs.setMark('looked-for', last);
  }

  /** Files whose task was deleted, or never came to be; round and round, some with every sweep. */
  async purgeFiles(): Promise<void> {
    const { repairs, files } = this.#options;
    const after = (await repairs.mark('files')) ?? '';
    const { deleted, last = '' } = await files.purge({
      after,
      olderThanMs: UNTAKEN_MS,
      limit: FILES_AT_ONCE,
    });
    this.report.purged += deleted;
    if (last !== after) await repairs.setMark('files', last);
  }
}

const hostMessage = (text: string): Message => ({
  messageId: randomUUID(),
  role: 'agent',
  parts: [{ text }],
});
