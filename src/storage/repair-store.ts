import type { ReportedStatus } from '../tasks/contract.ts';
import type { NotedProblem, RepairStore } from '../tasks/ports.ts';
import { isFinal } from '../tasks/state.ts';
import type { Message } from '../tasks/task.ts';
import { FINAL_STATES, recordChange } from './change-log.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** What the repair sweep reads and writes beside the tasks' own reports. */
export class PrismaRepairStore implements RepairStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  mark(name: string): Promise<string | undefined> {
    return reachable(async () => (await this.#db.sweepMark.findUnique({ where: { name } }))?.value);
  }

  setMark(name: string, value: string): Promise<void> {
    return reachable(async () => {
      await this.#db.sweepMark.upsert({ where: { name }, create: { name, value }, update: { value } });
    });
  }

  openAmong(taskIds: string[]): Promise<string[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<{ id: string }[]>`
        select id::text from task where id = any (${taskIds}::uuid[]) and state not in ${FINAL_STATES}`;
      return rows.map(({ id }) => id);
    });
  }

  openAfter(id: string | undefined, silentMs: number, limit: number): Promise<string[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<{ id: string }[]>`
        select id::text from task
        where (${id ?? null}::uuid is null or id > ${id ?? null}::uuid)
          and state not in ${FINAL_STATES} and version > 0
          and updated_at < now() - make_interval(secs => ${silentMs / 1000})
        order by id limit ${limit}`;
      return rows.map((row) => row.id);
    });
  }

  correct(taskId: string, status: ReportedStatus, onlyAt?: number): Promise<void> {
    // A status that is only restored was said before; an end is said now.
    const messages = status.message !== undefined && isFinal(status.state) ? [status.message] : [];
    return reachable(async () => {
      await recordChange(this.#db, { taskId, status, artifacts: [], messages, applied: [], onlyAt });
    });
  }

  noteProblem(taskId: string, problem: string, message: Message): Promise<boolean> {
    return reachable(() =>
      this.#db.$transaction(async (tx) => {
        const noted = await tx.$executeRaw`
          update task set problem = ${problem}
          where id = ${taskId}::uuid and problem is distinct from ${problem} and state not in ${FINAL_STATES}`;
        if (noted === 0) return false;
        const status = { state: 'working' as const, message };
        await recordChange(tx, { taskId, status, artifacts: [], messages: [], applied: [] });
        return true;
      }),
    );
  }

  problems(limit: number): Promise<NotedProblem[]> {
    return reachable(
      () => this.#db.$queryRaw<NotedProblem[]>`
        select id::text as "taskId", agent_code as "agentCode", problem, version from task
        where problem is not null and state not in ${FINAL_STATES} limit ${limit}`,
    );
  }

  countProblems(): Promise<number> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ count: number }[]>`
        select count(*)::int as count from task where problem is not null and state not in ${FINAL_STATES}`;
      return row?.count ?? 0;
    });
  }

  clearProblem(taskId: string): Promise<void> {
    return reachable(async () => {
      await this.#db.$executeRaw`update task set problem = null where id = ${taskId}::uuid`;
    });
  }
}
