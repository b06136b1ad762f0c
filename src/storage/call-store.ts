import type { CallStore, OpenCall, RunningReceipt } from '../receipts/ports.ts';
import type { JsonObject } from '../receipts/receipt.ts';
import { reachable } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { RUNNING_COLUMNS, type RunningRow, toRunning } from './receipt-rows.ts';

/** Calls under way, by their receipts. */
export class PrismaCallStore implements CallStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  open(receiptId: string): Promise<OpenCall | undefined> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<(RunningRow & { request: JsonObject; scopes: string[] })[]>`
        select ${RUNNING_COLUMNS}, r.request, r.scopes from receipt r
        where r.id = ${receiptId}::uuid and r.status = 'running'`;
      if (row === undefined) return undefined;
      const { request, scopes } = row;
      const id = request.auth_context_id;
      return {
        ...toRunning(row),
        ...(typeof id === 'string' ? { authContextId: id } : {}),
        request,
        scopes,
      };
    });
  }

  ofRunningTask(taskId: string): Promise<RunningReceipt[]> {
    return reachable(async () => {
      const rows = await this.#db.$queryRaw<RunningRow[]>`
        select ${RUNNING_COLUMNS} from task t
        join receipt r on r.agent_id = t.agent_code and r.task_id = t.id::text and r.status = 'running'
        where t.id = ${taskId}::uuid`;
      return rows.map(toRunning);
    });
  }
}
