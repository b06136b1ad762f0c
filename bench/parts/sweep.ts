import { Client, Connection } from '@temporalio/client';
import { openDatabase } from '../../src/storage/client.ts';
import { PrismaFileStore } from '../../src/storage/file-store.ts';
import { PrismaRepairStore } from '../../src/storage/repair-store.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import { repair } from '../../src/tasks/repair.ts';
import { TemporalTaskEngine } from '../../src/temporal/engine.ts';
import { TemporalInspector } from '../../src/temporal/inspector.ts';
import { withOwnDatabase } from '../own-database.ts';
import { type Row, row } from '../report.ts';
import type { Servers } from '../setting.ts';

const OPEN_TASKS = 100_000;
const SWEEPS = 5;

/** One repair sweep beside 100,000 open tasks, a tenth of them silent for long, in a database of its own. */
export const sweep = (servers: Servers): Promise<Row[]> =>
  withOwnDatabase(servers.databaseUrl, (url) => sweepIn(url, servers));

async function sweepIn(url: string, { temporalAddress }: Servers): Promise<Row[]> {
  const db = openDatabase({ url });
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  try {
    await db.$executeRaw`
      insert into task (id, agent_code, owner, context_id, state, version, updated_at)
      select gen_random_uuid(), 'bench', 'bench', 'bench', 'input-required', 1,
             case when n % 10 = 0 then now() - interval '1 hour' else now() end
      from generate_series(1, ${OPEN_TASKS}::int) n`;
    const times: number[] = [];
    for (let n = 0; n < SWEEPS; n++) {
      const begin = performance.now();
      await repair({
        store: new PrismaTaskStore(db),
        repairs: new PrismaRepairStore(db),
        engine: new TemporalTaskEngine(() => client),
        inspector: new TemporalInspector(() => client),
        files: new PrismaFileStore(db),
        agent: () => undefined,
        push: { repair: async () => 0 },
      });
      times.push((performance.now() - begin) / 1_000);
    }
    const slowest = Math.max(...times);
    const target = { of: 'ours', atMost: 2 } as const;
    return [row(`repair sweep, ${OPEN_TASKS} open tasks, slowest of ${SWEEPS}`, 's', slowest, { target })];
  } finally {
    await connection.close();
    await db.$disconnect();
  }
}
