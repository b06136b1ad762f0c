import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { writeBodies } from './a2a/push.ts';
import { writeInvokeBodies } from './invoke/push-bodies.ts';
import type { Addresses } from './outbound/addresses.ts';
import { PushDelivery } from './push/delivery.ts';
import { createPost } from './push/http-post.ts';
import { ConfigSecrets, type SecretSealer } from './push/secrets.ts';
import { PushService } from './push/service.ts';
import type { SigningKeys } from './signing/keys.ts';
import type { PrismaClient } from './storage/generated/client.ts';
import { PrismaPushStore } from './storage/push-store.ts';
import type { FileUrl } from './tasks/file-parts.ts';
import type { TaskFeed } from './tasks/ports.ts';
import type { TaskService } from './tasks/service.ts';
import { TemporalPushEngine } from './temporal/push-engine.ts';
import { tracedPost } from './tracing/http.ts';

export interface PushParts {
  db: PrismaClient;
  feed: TaskFeed;
  tasks: TaskService;
  client(): Client;
  addresses: Addresses;
  secrets: SecretSealer;
  signing: SigningKeys;
  fileUrl: FileUrl | undefined;
  log: Logger;
}

export interface Push {
  store: PrismaPushStore;
  /** Has a task's webhooks told of its change; nobody waits for it. */
  changed(taskId: string): void;
  service: PushService;
  delivery: PushDelivery;
}

/** Push notifications, put together. */
export function createPush(parts: PushParts): Push {
  const { db, feed, tasks, client, addresses, secrets: box, signing, fileUrl, log } = parts;
  const store = new PrismaPushStore(db);
  const engine = new TemporalPushEngine(client);
  const secrets = new ConfigSecrets(box);
  return {
    store,
    changed: (taskId) => {
      engine
        .deliver(taskId)
        .catch((error) => log.warn({ err: error, taskId }, 'webhooks are told by the next sweep'));
    },
    service: new PushService({ tasks, store, secrets, engine }),
    delivery: new PushDelivery({
      store,
      feed,
      engine,
      secrets,
      post: tracedPost(createPost(addresses)),
      write: (change, task, shape) =>
        shape === 'invoke' ? writeInvokeBodies(task) : writeBodies(change, task, shape),
      fileUrl,
      failed: ({ dueAt, id, ...failure }) =>
        log.warn(
          { ...failure, webhook: id, ...(dueAt && { dueAt }) },
          dueAt === undefined ? 'a webhook was given up' : 'a webhook took nothing; it is tried again',
        ),
      signingKey: signing.current.privateKey,
    }),
  };
}
