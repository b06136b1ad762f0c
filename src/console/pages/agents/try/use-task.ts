import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type AgentLink, linkTo } from '../../../api/a2a.ts';
import type { Agent } from '../../../api/agents.ts';
import { ApiError } from '../../../api/api-error.ts';
import { linkElsewhere } from '../../../api/elsewhere.ts';
import { type Lost, passes, persist } from '../../../api/persist.ts';
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
  /** While the connection is waited for. */
  lost: Lost | undefined;
  error: unknown;
  /** Follows the task once more after an error. */
  retry(): void;
  /** @returns the task it makes or goes on with; the parts of a plain reply. */
  send(parts: Part[], taskId?: string): Promise<{ taskId: string } | { reply: Part[] }>;
  cancel(): Promise<void>;
}

/** Follows a task of an agent from wherever it is, and speaks to the agent. */
export function useTask(agent: Agent, taskId: string | undefined): OpenTask {
  const link = useLink(agent);
  const [task, setTask] = useState<TaskView>();
  const [steps, setSteps] = useState<Step[]>([]);
  const [connection, setConnection] = useState<{ live: boolean; lost?: Lost | undefined }>({ live: false });
  const [error, setError] = useState<unknown>();
  const seen = usePageSeen();
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    setTask(undefined);
    setSteps([]);
  }, [link, taskId]);

  useEffect(() => {
    setError(undefined);
    setConnection({ live: false });
    if (taskId === undefined || !seen) return;
    const control = new AbortController();
    const { signal } = control;
    const follow = async (live: () => void): Promise<boolean> => {
      for await (const now of (await link()).watch(taskId, signal)) {
        if (signal.aborted) return true;
        live();
        setTask(now);
        setSteps((before) => withStep(before, now));
        if (isEnded(now)) return true;
      }
      return false;
    };
    const onConnection = (lost: Lost | undefined) => setConnection({ live: lost === undefined, lost });
    persist(follow, { signal, onConnection })
      .catch((failure: unknown) => !signal.aborted && setError(failure))
      .finally(() => !signal.aborted && setConnection({ live: false }));
    return () => control.abort();
  }, [link, taskId, seen, turn]);

  const send = useSending(link);
  const cancel = useCallback(async () => {
    if (taskId !== undefined) setTask(await (await link()).cancel(taskId));
  }, [link, taskId]);
  const retry = useCallback(() => setTurn((last) => last + 1), []);
  return { task, steps, ...connection, lost: connection.lost, error, retry, send, cancel };
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

/** Not while nothing answered, the first try is still under way, or the host could not say. */
const isDecided = (error: unknown): boolean =>
  error instanceof ApiError && error.status !== 409 && !passes(error);

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
