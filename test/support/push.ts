import type { PushEngine, Stopped } from '../../src/push/ports.ts';
import { ConfigSecrets } from '../../src/push/secrets.ts';
import { PushService } from '../../src/push/service.ts';
import { SecretBox } from '../../src/secrets/box.ts';
import { PrismaPushStore } from '../../src/storage/push-store.ts';
import type { TaskService } from '../../src/tasks/service.ts';
import type { TestDatabase } from './database.ts';

/** A PushEngine that only notes what it is asked for. */
class MemoryPushEngine implements PushEngine {
  readonly delivered: string[] = [];
  readonly retried: { stopped: Stopped; delayMs: number }[] = [];

  async deliver(taskId: string): Promise<void> {
    this.delivered.push(taskId);
  }

  async retry(stopped: Stopped, delayMs: number): Promise<void> {
    this.retried.push({ stopped, delayMs });
  }
}

const testSecrets = new ConfigSecrets(new SecretBox(['a key of the tests, long enough to be one']));

/** The push service on a real Postgres, with the engine kept in memory. */
export const pushServiceOn = ({
  database,
  tasks,
}: {
  database: TestDatabase;
  tasks: TaskService;
}): PushService =>
  new PushService({
    tasks,
    store: new PrismaPushStore(database.prisma),
    secrets: testSecrets,
    engine: new MemoryPushEngine(),
  });
