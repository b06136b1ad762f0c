import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type AgentLink, linkTo } from '../../../api/a2a.ts';
import type { Agent } from '../../../api/agents.ts';
import { linkElsewhere } from '../../../api/elsewhere.ts';
import { ApiError } from '../../../api/http.ts';
import { isEnded, type Part, type TaskView } from '../../../api/task-view.ts';
import { usePageSeen } from '../../../ui/page-seen.ts';
import { uniqueId } from '../../../ui/unique.ts';

/** What an agent said on its way, as long as somebody watched. */
export interface Step {
  id: string;
  text: string;
  at: string | undefined;
}

export interface OpenTask {
  task: TaskView | undefined;
  steps: Step[];
  live: boolean;
  error: unknown;
  /** @returns the task it makes or goes on with; the parts of a plain reply. */
  send(parts: Part[], taskId?: string): Promise<{ taskId: string } | { reply: Part[] }>;
  cancel(): Promise<void>;
}

/** Follows a task of an agent from wherever it is, and speaks to the agent. */
export function useTask(agent: Agent, taskId: string | undefined): OpenTask {
  const link = useLink(agent);
  const [task, setTask] = useState<TaskView>();
  const [steps, setSteps] = useState<Step[]>([]);
  const [live, setLive] = useState(false);
  const [error, setError] = useState<unknown>();
  const seen = usePageSeen();

  useEffect(() => {
    setTask(undefined);
    setSteps([]);
  }, [link, taskId]);

  useEffect(() => {
    setError(undefined);
    if (taskId === undefined || !seen) return;
    const control = new AbortController();
    const follow = async () => {
      const events = (await link()).watch(taskId, { signal: control.signal, onConnection: setLive });
      for await (const now of events) {
        setTask(now);
        setSteps((before) => withStep(before, now));
      }
    };
    follow()
      .catch((failure: unknown) => !control.signal.aborted && setError(failure))
      .finally(() => !control.signal.aborted && setLive(false));
    return () => control.abort();
  }, [link, taskId, seen]);

  const send = useSending(link);
  const cancel = useCallback(async () => {
    if (taskId !== undefined) setTask(await (await link()).cancel(taskId));
  }, [link, taskId]);
  return { task, steps, live, error, send, cancel };
}

/** One link for an agent, made when it is first needed. */
function useLink(agent: Agent): () => Promise<AgentLink> {
  const made = useRef<Promise<AgentLink> | undefined>(undefined);
  return useCallback(() => {
    const making = () => (agent.kind === 'remote' ? linkElsewhere(agent) : linkTo(agent.agent_id));
    made.current ??= making().catch((error: unknown) => {
      made.current = undefined;
      throw error;
    });
    return made.current;
  }, [agent.agent_id]);
}

/** Nothing answered, the first try is still under way, or the host could not say. */
const UNDECIDED: readonly number[] = [0, 409, 503];

const isDecided = (error: unknown): boolean => error instanceof ApiError && !UNDECIDED.includes(error.status);

function useSending(link: () => Promise<AgentLink>): OpenTask['send'] {
  const last = useRef({ said: '', messageId: '' });
  return useCallback(
    async (parts, taskId) => {
      // The same words after a failure are the same message: it may have come through. After a refusal they are not.
      const said = JSON.stringify([parts, taskId]);
      const messageId = last.current.said === said ? last.current.messageId : uniqueId();
      last.current = { said, messageId };
      const forget = () => {
        last.current = { said: '', messageId: '' };
      };
      const sending = (await link()).send(parts, { messageId, ...(taskId === undefined ? {} : { taskId }) });
      const answer = await sending.catch((error: unknown) => {
        if (isDecided(error)) forget();
        throw error;
      });
      forget();
      return 'task' in answer ? { taskId: answer.task.id } : answer;
    },
    [link],
  );
}

function withStep(steps: Step[], task: TaskView): Step[] {
  const { message, timestamp } = task.status;
  const text = message?.parts
    ?.map((part) => part.text ?? '')
    .join(' ')
    .trim();
  if (message === undefined || !text || isEnded(task)) return steps;
  if (steps.some(({ id }) => id === message.messageId)) return steps;
  return [...steps, { id: message.messageId, text, at: timestamp }];
}
