import type { AgentDefinition } from './agents/definition.ts';
import type { TaskKey } from './tasks/ports.ts';
import type { SendRequest, Sent } from './tasks/service.ts';
import { TaskService } from './tasks/service.ts';
import type { Task } from './tasks/task.ts';
import { note } from './web/request-notes.ts';

/** The same, noting of each request which task it is about. */
export class NotedTasks extends TaskService {
  override async send(request: SendRequest): Promise<Sent> {
    if (request.taskId !== undefined) note({ taskId: request.taskId });
    const sent = await super.send(request);
    note({ taskId: sent.task.id });
    return sent;
  }

  override get(key: TaskKey, history?: number): Promise<Task> {
    note({ taskId: key.taskId });
    return super.get(key, history);
  }

  override cancel(key: TaskKey, agent: AgentDefinition, signal: AbortSignal): Promise<Task> {
    note({ taskId: key.taskId });
    return super.cancel(key, agent, signal);
  }
}
