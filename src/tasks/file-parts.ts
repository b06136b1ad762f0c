/** The parts of messages and artifacts whose bytes the record keeps. Pure. */
import type { Artifact, FileRef, Message, Part, Task, TaskChange, TaskStatus } from './task.ts';

type Holder = Pick<Message | Artifact, 'parts'>;

/** The ids of the files that these messages and artifacts hold, each once. */
export const fileIdsIn = (holders: readonly Holder[]): string[] => [
  ...new Set(holders.flatMap(({ parts }) => parts.flatMap(({ file }) => file?.id ?? []))),
];

/** Where a file can be had by its owner. */
export type FileUrl = (file: FileRef, filename: string | undefined) => string;

/** The task with an address in each part whose bytes are elsewhere; itself when it has none. */
export function withFileUrls(task: Task, urlOf: FileUrl): Task {
  const artifacts = linkedAll(task.artifacts, urlOf);
  const history = linkedAll(task.history, urlOf);
  const status = linkedStatus(task.status, urlOf);
  if (artifacts === task.artifacts && history === task.history && status === task.status) return task;
  return { ...task, artifacts, history, status };
}

/** The same of one change. */
export function changeWithFileUrls(change: TaskChange, urlOf: FileUrl): TaskChange {
  const artifacts = linkedAll(change.artifacts, urlOf);
  const messages = linkedAll(change.messages, urlOf);
  const status = change.status && linkedStatus(change.status, urlOf);
  return { ...change, artifacts, messages, ...(status && { status }) };
}

function linkedStatus(status: TaskStatus, urlOf: FileUrl): TaskStatus {
  const { message } = status;
  return message === undefined || !hasFile(message) ? status : { ...status, message: linked(message, urlOf) };
}

const linkedAll = <T extends Holder>(holders: T[], urlOf: FileUrl): T[] =>
  holders.some(hasFile)
    ? holders.map((holder) => (hasFile(holder) ? linked(holder, urlOf) : holder))
    : holders;

const hasFile = ({ parts }: Holder): boolean => parts.some(({ file }) => file !== undefined);

const linked = <T extends Holder>(holder: T, urlOf: FileUrl): T => ({
  ...holder,
  parts: holder.parts.map((part) => linkedPart(part, urlOf)),
});

const linkedPart = (part: Part, urlOf: FileUrl): Part =>
  part.file === undefined ? part : { ...part, url: urlOf(part.file, part.filename) };
