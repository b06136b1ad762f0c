import type { ReceiptResult } from '../receipts/receipt.ts';
import { isFinal, isInterrupted } from '../tasks/state.ts';
import type { Json, Part, Task } from '../tasks/task.ts';

/** A task as callers of the gateway see it. */
export interface Outcome {
  /** Absent when the agent answered with a message and no task, or may yet do so. */
  task_id?: string;
  context_id: string;
  /** `running` until it is final or waits for its caller; then the task's state. */
  status: string;
  /** The text of the task's status. */
  message?: string;
  /** The structured result; see `outputOf`. */
  output?: { [key: string]: Json };
}

/** What came of a call, for its receipt: undefined while the task is under way. */
export interface CallEnd {
  status: 'succeeded' | 'failed';
  result: ReceiptResult;
}

export type AgentTask = Pick<Task, 'id' | 'contextId' | 'artifacts' | 'hidden'> & {
  status: Pick<Task['status'], 'state' | 'message' | 'reply'>;
};

export function outcomeOf(task: AgentTask): Outcome {
  const { state, message } = task.status;
  const text = textOf(message?.parts ?? []);
  const output = outputOf(task);
  return {
    ...(task.status.reply || task.hidden ? {} : { task_id: task.id }),
    context_id: task.contextId,
    status: isFinal(state) || isInterrupted(state) ? state : 'running',
    ...(text === '' ? {} : { message: text }),
    ...(output === undefined ? {} : { output }),
  };
}

/**
 * The end of a call by its task: a call that is answered with a question has succeeded, whatever becomes of the
 * task later.
 * @param payment what the agent says of one.
 */
export function callEndOf(task: AgentTask, payment?: Json): CallEnd | undefined {
  const { state } = task.status;
  if (!isFinal(state) && !isInterrupted(state)) return undefined;
  const output = outcomeOf(task);
  const paid = payment === undefined ? {} : { payment_receipt: payment };
  if (state === 'completed' || isInterrupted(state))
    return { status: 'succeeded', result: { output: { ...output }, ...paid } };
  const stderr = `The agent ended the task as ${state}${output.message === undefined ? '' : `: ${output.message}`}`;
  return { status: 'failed', result: { output: { ...output }, stderr, ...paid } };
}

/**
 * What the artifacts hold, or a completed task's last message when there are none: one object as it is; several, or
 * what is no object, by the artifacts' names; text alone as `{ text }`.
 */
function outputOf({ artifacts, status }: AgentTask): Outcome['output'] {
  const last = status.state === 'completed' ? (status.message?.parts ?? []) : [];
  const sources = artifacts.length > 0 ? artifacts : [{ artifactId: 'output', parts: last }];
  const data = sources.flatMap(
    ({ artifactId, name, parts }: { artifactId: string; name?: string; parts: Part[] }) =>
      parts.flatMap((part) =>
        part.data === undefined ? [] : [{ name: name ?? artifactId, value: part.data }],
      ),
  );
  const [only] = data;
  if (only !== undefined && data.length === 1 && isObject(only.value)) return only.value;
  if (data.length > 0) return byName(data);
  const text = sources.map(({ parts }) => textOf(parts)).filter((each) => each !== '');
  return text.length === 0 ? undefined : { text: text.join('\n') };
}

/** A name that comes again has its values in a list. */
function byName(data: { name: string; value: Json }[]): { [key: string]: Json } {
  const groups = new Map<string, Json[]>();
  for (const { name, value } of data) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(
    [...groups].map(([name, values]) => [name, values.length === 1 ? (values[0] as Json) : values]),
  );
}

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (parts: Part[]): string => parts.flatMap(({ text }) => text ?? []).join('\n');
