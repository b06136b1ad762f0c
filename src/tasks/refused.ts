import { randomUUID } from 'node:crypto';
import type { Files } from './files.ts';
import { checkId, checkMessage } from './message.ts';
import type { TaskStore } from './ports.ts';
import type { SendRequest } from './service.ts';
import type { Task } from './task.ts';

/** Records a message as a task of its own, with this id, that was rejected; its message id may be used again. */
export async function refuseTask(
  request: SendRequest,
  { id = randomUUID(), reason }: { id?: string | undefined; reason: string },
  { store, files }: { store: Pick<TaskStore, 'reject'>; files: Files },
): Promise<Task> {
  const { owner, agent, scopes, metadata = {}, contextId = randomUUID() } = request;
  const { message, save } = await files.prepare(owner, request.message);
  checkMessage(message);
  checkId('message.contextId', contextId);
  await save();
  const task = {
    id,
    agentCode: agent.code,
    owner,
    ...(scopes && { scopes }),
    contextId,
    message,
    metadata,
    digest: null,
    pushConfig: request.pushConfig,
    outputModes: request.outputModes,
  };
  return store.reject(task, { messageId: randomUUID(), role: 'agent', parts: [{ text: reason }] });
}
