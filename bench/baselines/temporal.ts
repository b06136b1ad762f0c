/** Temporal without the product: a process that is a client, a worker, or both on one connection. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { serveRequests } from '../child.ts';
import { closedLoop, type Slice } from '../load/closed-loop.ts';

export interface TemporalSetup {
  role: 'client' | 'worker' | 'both';
  address: string;
  taskQueue: string;
  /** The bundled workflows, for a worker. */
  code: string;
}

export interface TemporalLoad {
  /** `execute`: an empty workflow from start to result. `update`: an update of a waiting workflow, completed. */
  operation: 'execute' | 'update';
  clients: number;
  ms: number;
}

serveRequests(async (setup: TemporalSetup) => {
  const { role, address, taskQueue } = setup;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const client = role === 'both' ? await clientAndWorker(setup) : undefined;
  if (role === 'worker') await startWorker(setup);
  const eager = role === 'both';
  const connected = client ?? new Client({ connection: await Connection.connect({ address }) });
  return ({ operation, ...load }: TemporalLoad): Promise<Slice> =>
    operation === 'execute'
      ? execute(connected, { taskQueue, eager }, load)
      : update(connected, taskQueue, load);
});

async function clientAndWorker(setup: TemporalSetup): Promise<Client> {
  return new Client({ connection: await startWorker(setup) });
}

/** With as many slots as the product's worker has, which an eager start needs. */
async function startWorker({ address, taskQueue, code }: TemporalSetup): Promise<NativeConnection> {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { code },
    maxConcurrentWorkflowTaskExecutions: 200,
  });
  worker.run().catch((error) => {
    throw error;
  });
  return connection;
}

type Load = Pick<TemporalLoad, 'clients' | 'ms'>;

const execute = (
  client: Client,
  { taskQueue, eager }: { taskQueue: string; eager: boolean },
  load: Load,
): Promise<Slice> =>
  closedLoop(load, () =>
    client.workflow.execute('empty', {
      taskQueue,
      workflowId: `bench/${randomUUID()}`,
      ...(eager ? { requestEagerStart: true } : {}),
    }),
  );

/** Every client has a waiting workflow of its own. */
async function update(client: Client, taskQueue: string, load: Load): Promise<Slice> {
  const waiting = await Promise.all(
    Array.from({ length: load.clients }, () =>
      client.workflow.start('waiting', { taskQueue, workflowId: `bench/${randomUUID()}` }),
    ),
  );
  await Promise.all(waiting.map((handle) => handle.executeUpdate('hear')));
  try {
    return await closedLoop(load, (index) => waiting[index]?.executeUpdate('hear') as Promise<void>);
  } finally {
    await Promise.all(waiting.map((handle) => handle.terminate()));
  }
}
