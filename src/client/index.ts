/**
 * A client of the invoke facade.
 *
 * ```ts
 * const agents = new InvokeClient({ url: 'https://agents.example.com', headers: () => ({ authorization: `Bearer ${key}` }) });
 * const task = await agents.invoke({ agentId: 'echo', message: { role: 'user', parts: [{ text: 'hello' }] } });
 * for await (const now of agents.watch(task.id)) console.log(now.status);
 * ```
 */

export type {
  InvokeArtifact,
  InvokeMessage,
  InvokePart,
  InvokeTask,
  InvokeTaskState,
} from '../invoke/view.ts';
export type { InvokeClientOptions } from './http.ts';
export { InvokeError } from './http.ts';
export type { CallOptions, InvokeOptions, InvokeParams, TaskList, TaskQuery } from './invoke-client.ts';
export { InvokeClient } from './invoke-client.ts';
