import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Bulletin } from '../../src/storage/bulletin.ts';
import { PrismaFileStore } from '../../src/storage/file-store.ts';
import { PostgresTaskFeed } from '../../src/storage/task-feed.ts';
import { PrismaTaskStore } from '../../src/storage/task-store.ts';
import type { Projection } from '../../src/tasks/contract.ts';
import { Files } from '../../src/tasks/files.ts';
import type { NewTask } from '../../src/tasks/ports.ts';
import { TaskService } from '../../src/tasks/service.ts';
import type { Message } from '../../src/tasks/task.ts';
import { startTestDatabase, type TestDatabase } from './database.ts';
import { MemoryEngine } from './memory-engine.ts';

export const silentLog = pino({ level: 'silent' });

export const userMessageOf = (text: string, given: Partial<Message> = {}): Message => ({
  messageId: randomUUID(),
  role: 'user',
  parts: [{ text }],
  ...given,
});

/** A task to be accepted of which a test says only what it is about. */
export const newTaskOf = (given: Partial<NewTask> = {}): NewTask => ({
  id: randomUUID(),
  agentCode: 'echo',
  owner: 'alice',
  contextId: randomUUID(),
  message: userMessageOf('hello'),
  metadata: {},
  digest: 'digest',
  ...given,
});

export const projectionOf = (taskId: string, given: Partial<Projection> = {}): Projection => ({
  taskId,
  runId: 'run-1',
  sequence: 1,
  artifacts: [],
  messages: [],
  applied: [],
  ...given,
});

/** Of the service on a TaskGround, in bytes. */
export const MAX_FILE = 2_000_000;

export interface TaskGround {
  database: TestDatabase;
  store: PrismaTaskStore;
  feed: PostgresTaskFeed;
  fileStore: PrismaFileStore;
  files: Files;
  engine: MemoryEngine;
  tasks: TaskService;
  stop(): Promise<void>;
}

/** TaskService on a real Postgres, with the engine kept in memory. */
export async function startTaskGround(): Promise<TaskGround> {
  const database = await startTestDatabase();
  const store = new PrismaTaskStore(database.prisma, (id) => feed.accepted(id));
  const feed = new PostgresTaskFeed({
    db: database.prisma,
    url: database.url,
    bulletin: new Bulletin(database.prisma),
    log: silentLog,
  });
  await feed.open();
  const engine = new MemoryEngine(store);
  const fileStore = new PrismaFileStore(database.prisma);
  const files = new Files({ store: fileStore, maxFile: MAX_FILE });
  return {
    database,
    store,
    feed,
    fileStore,
    files,
    engine,
    tasks: new TaskService({ store, engine, feed, files, fileUrl: ({ id }) => `http://host/files/${id}` }),
    stop: async () => {
      await feed.close();
      await database.stop();
    },
  };
}
