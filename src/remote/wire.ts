/** What an agent elsewhere says, as the gateway knows tasks. Pure. */
import type { Artifact, Message, Part, StreamResponse, Task } from '@a2a-js/sdk';
import { stateFromWire } from '../a2a/convert.ts';
import type { AgentTask } from '../calls/outcome.ts';
import { messageOf } from '../errors.ts';
import type { Json, Part as OwnPart } from '../tasks/task.ts';
import { checkValues } from '../web/json-values.ts';

/** What an agent says that cannot be kept or passed on; the message says what. */
export class BadAnswer extends Error {}

/** @throws Error when it is no task as the protocol has it; BadAnswer. */
export function taskFromWire(task: Task): AgentTask {
  const state = task.status && stateFromWire(task.status.state);
  if (!task.id || state === undefined) throw new Error('the agent’s answer is no task');
  checkId('task id', task.id);
  const message = task.status?.message;
  return checkedAnswer({
    id: task.id,
    contextId: task.contextId,
    status: { state, ...(message && { message: messageFrom(message) }) },
    artifacts: task.artifacts.map(({ artifactId, name, parts }) => ({
      artifactId,
      ...(name ? { name } : {}),
      parts: parts.map(partFrom),
    })),
  });
}

function checkedAnswer(task: AgentTask): AgentTask {
  checkId('context id', task.contextId);
  checkAnswer(task);
  return task;
}

/** @throws BadAnswer of nesting without end, values without number, and numbers that are none. */
export function checkAnswer(answer: unknown): void {
  try {
    checkValues(answer, 'answer');
  } catch (error) {
    throw new BadAnswer(`The agent’s ${messageOf(error)}`, { cause: error });
  }
}

/** As a body's: the record keeps them, and they are asked for in addresses. */
function checkId(what: string, id: string): void {
  if (id.length > 255) throw new BadAnswer(`The agent’s answer has a ${what} of more than 255 characters`);
  if (/[\p{Cc}\p{Surrogate}]/u.test(id)) {
    throw new BadAnswer(`The agent’s answer has a ${what} that is not well-formed text`);
  }
}

/** The task after one event of its stream. */
export function taskAfter(task: Task, { payload }: StreamResponse): Task {
  switch (payload?.$case) {
    case 'task':
      return payload.value;
    case 'statusUpdate':
      return { ...task, id: payload.value.taskId, status: payload.value.status };
    case 'artifactUpdate': {
      const { taskId, artifact, append } = payload.value;
      return {
        ...task,
        id: taskId,
        artifacts: artifact ? withArtifact(task.artifacts, artifact, append) : task.artifacts,
      };
    }
    default:
      return task;
  }
}

/** A further piece of an artifact is put to its end; anything else takes its place. */
function withArtifact(artifacts: Artifact[], artifact: Artifact, append: boolean): Artifact[] {
  const at = artifacts.findIndex(({ artifactId }) => artifactId === artifact.artifactId);
  if (at === -1) return [...artifacts, artifact];
  const known = artifacts[at] as Artifact;
  const next = append ? { ...known, parts: [...known.parts, ...artifact.parts] } : artifact;
  return artifacts.with(at, next);
}

/** A plain message in place of a task: a task that has ended with it, and has no id. */
export const replyFromWire = (reply: Message): AgentTask =>
  checkedAnswer({
    id: '',
    contextId: reply.contextId,
    status: { state: 'completed', message: messageFrom(reply), reply: true },
    artifacts: [],
  });

const messageFrom = ({ messageId, parts }: Message) => ({
  messageId,
  role: 'agent' as const,
  parts: parts.map(partFrom),
});

/** Of files only that they are there: what callers are shown are texts and data, and `raw` has all of it. */
function partFrom({ content, filename }: Part): OwnPart {
  const named = filename ? { filename } : {};
  if (content?.$case === 'text') return { text: content.value, ...named };
  if (content?.$case === 'data') return { data: content.value as Json, ...named };
  return named;
}

const PAYMENT_KEYS = ['payment_receipt', 'x402.payment.receipts', 'ap2.PaymentReceipt'];

/** What its metadata say of a payment, x402 or AP2 style. */
export function paymentReceiptOf({ metadata, status }: Pick<Task, 'metadata' | 'status'>): Json | undefined {
  for (const source of [status?.message?.metadata, metadata]) {
    for (const key of PAYMENT_KEYS) {
      const value = source?.[key];
      if (value !== undefined && value !== null) return value as Json;
    }
  }
  return undefined;
}
