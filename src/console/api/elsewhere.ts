import type { AgentLink, Answer } from './a2a.ts';
import type { Agent } from './agents.ts';
import { ApiError } from './api-error.ts';
import { ask, request } from './http.ts';
import { listAuthContexts } from './operate.ts';
import type { Part, TaskView } from './task-view.ts';
import { eventsOf } from './tasks.ts';

/** What the gateway answers, in whichever dialect the agent speaks. */
interface Envelope {
  /** Absent when the agent answered and made no task. */
  task_id?: string;
  context_id: string;
  status: string;
  message?: string;
  output?: Record<string, unknown>;
}

/** An agent elsewhere, through the gateway, with the caller's stored credential for its provider where there is one. */
export async function linkElsewhere({ agent_id, provider_id }: Agent): Promise<AgentLink> {
  const at = `v1/agents/${encodeURIComponent(agent_id)}`;
  const taskAt = (taskId: string) => `${at}/tasks/${encodeURIComponent(taskId)}`;
  const credential = await credentialFor(provider_id);
  return {
    send: async (parts, { messageId, taskId }): Promise<Answer> => {
      const message = parts.flatMap(({ text = [] }) => text).join('\n');
      const body = { message, ...(taskId === undefined ? {} : { task_id: taskId }), ...credential };
      const headers = { 'Idempotency-Key': messageId };
      try {
        const answer = await request<Envelope>(`${at}/invoke`, { body, headers });
        return answer.task_id === undefined
          ? { reply: [...partsOf(answer.message), ...outputOf(answer)] }
          : { task: viewOf(answer) };
      } catch (error) {
        // It takes longer than the gateway waits; its task goes on.
        const late = error instanceof ApiError && error.code === 'agent_timeout' ? error.taskId : undefined;
        if (late === undefined) throw error;
        return { task: viewOf({ task_id: late, context_id: '', status: 'running' }) };
      }
    },
    cancel: async (taskId) =>
      viewOf(await request<Envelope>(`${taskAt(taskId)}/cancel`, { body: credential })),
    watch: (taskId, signal) => watched(`${taskAt(taskId)}/subscribe`, credential, signal),
  };
}

async function* watched(path: string, body: object, signal: AbortSignal): AsyncGenerator<TaskView> {
  for await (const data of eventsOf(await ask(path, { body, signal }))) {
    yield viewOf(JSON.parse(data) as Envelope);
  }
}

async function credentialFor(providerId: string): Promise<{ auth_context_id?: string }> {
  const stored = await listAuthContexts();
  const usable = stored.find(
    ({ provider_id, expires_at }) =>
      provider_id === providerId && (expires_at === undefined || Date.parse(expires_at) > Date.now()),
  );
  return usable === undefined ? {} : { auth_context_id: usable.auth_context_id };
}

const partsOf = (text: string | undefined): Part[] => (text === undefined ? [] : [{ text }]);

/** Text alone comes as `{ text }`, where there are no artifacts the message once more. */
function outputOf({ message, output }: Envelope): Part[] {
  if (output === undefined) return [];
  const { text, ...rest } = output;
  if (typeof text !== 'string' || Object.keys(rest).length > 0) return [{ data: output }];
  return text === message ? [] : [{ text }];
}

function viewOf(answer: Envelope): TaskView {
  const { task_id: id = '', context_id: contextId, status, message } = answer;
  const parts = outputOf(answer);
  return {
    id,
    contextId,
    status: {
      state: status === 'running' ? 'working' : status,
      ...(message === undefined
        ? {}
        : { message: { messageId: `${status} ${message}`, role: 'ROLE_AGENT', parts: [{ text: message }] } }),
    },
    artifacts: parts.length === 0 ? [] : [{ artifactId: 'output', parts }],
  };
}
