import { type Artifact, type Message, type Part, Task, type TaskStatus } from '@a2a-js/sdk';
import { stateFromWire } from '../../a2a/convert.ts';
import { isInterrupted } from '../../tasks/state.ts';
import type { TaskState } from '../../tasks/task.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import { indent, plain } from './text.ts';

export const stateOf = (status: TaskStatus | undefined): TaskState | undefined =>
  status === undefined ? undefined : stateFromWire(status.state);

/** 0 when it went well or goes on, 1 when it ended badly, 3 when it waits for its caller. */
export function exitOfState(state: TaskState | undefined): ExitCode {
  if (state === undefined) return EXIT.failed;
  if (isInterrupted(state)) return EXIT.waiting;
  return state === 'failed' || state === 'rejected' || state === 'canceled' ? EXIT.failed : EXIT.ok;
}

export const taskJson = (task: Task): unknown => Task.toJSON(task);

/** The whole task for a person: its state, what it says, its artifacts. */
export function taskLines(task: Task): string[] {
  return [
    `task ${plain(task.id)}`,
    ...statusLines(task.status),
    ...task.artifacts.flatMap((artifact) => artifactLines(artifact)),
  ];
}

export function statusLines(status: TaskStatus | undefined): string[] {
  const state = stateOf(status) ?? 'unknown state';
  const said = status?.message === undefined ? '' : partsText(status.message.parts);
  if (said === '') return [state];
  return said.includes('\n') ? [state, indent(said)] : [`${state}: ${said}`];
}

export function artifactLines({ name, artifactId, description, parts }: Artifact): string[] {
  const title = `artifact ${plain(name || artifactId)}`;
  return [description ? `${title}: ${plain(description)}` : title, indent(partsText(parts))];
}

export const messageLines = (message: Message): string[] => [partsText(message.parts)];

const partsText = (parts: readonly Part[]): string => parts.map(partText).filter(Boolean).join('\n');

/** A part as a person reads it: data as JSON, a file by its name and size. */
export function partText({ content, filename, mediaType }: Part): string {
  if (content?.$case === 'text') return plain(content.value).trimEnd();
  if (content?.$case === 'data') return plain(JSON.stringify(content.value, null, 2) ?? '');
  const about = [filename, mediaType].filter(Boolean).map(plain);
  if (content?.$case === 'url') return `[${['link', ...about, plain(content.value)].join(', ')}]`;
  if (content?.$case === 'raw') return `[${['file', ...about, `${content.value.length} bytes`].join(', ')}]`;
  return '';
}
