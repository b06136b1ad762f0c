/** Tasks as results of MCP tools. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import { isFinal } from '../tasks/state.ts';
import type { Artifact, Json, Part, Task } from '../tasks/task.ts';
import { CONTINUE_TASK } from './tools.ts';

/** The task as it stands. One that did not go well is an error, with its reason; one that has not ended says how to go on. */
export function resultOf(task: Task): CallToolResult {
  const { state, message } = task.status;
  const spoken = (message?.parts ?? []).map((part, index) =>
    contentOf(part, { task, name: 'message', index }),
  );
  const made = task.artifacts.flatMap((artifact) =>
    artifact.parts.map((part, index) => contentOf(part, { task, name: nameOf(artifact), index })),
  );
  // What an agent both says and makes is told once.
  const content = [...spoken, ...made.filter((block) => !isAmong(spoken, block)), ...hintFor(task)];
  return {
    content: content.length > 0 ? content : [text(`The task is ${state}`)],
    structuredContent: structured(task),
    ...(isFinal(state) && state !== 'completed' ? { isError: true } : {}),
  };
}

const isAmong = (blocks: readonly ContentBlock[], block: ContentBlock): boolean =>
  blocks.some((each) => isDeepStrictEqual(each, block));

/** What a call failed with. */
export const failure = (reason: string): CallToolResult => ({ content: [text(reason)], isError: true });

/** What the agent says with its state; empty when it says nothing. */
export const saidIn = ({ status }: Task): string =>
  (status.message?.parts ?? []).flatMap((part) => part.text ?? []).join('\n');

const text = (said: string): ContentBlock => ({ type: 'text', text: said });

const nameOf = ({ name, artifactId }: Artifact): string => name ?? artifactId;

function hintFor({ id, status: { state } }: Task): ContentBlock[] {
  if (isFinal(state)) return [];
  const how = `call ${CONTINUE_TASK} with taskId ${JSON.stringify(id)}`;
  if (state === 'input-required') return [text(`The task waits for an answer: ${how} and the answer.`)];
  if (state === 'auth-required')
    return [text(`The task waits for an authorization; then ${how} and an answer.`)];
  return [text(`The task goes on; for what comes of it ${how}.`)];
}

function structured(task: Task): Record<string, Json> {
  const message = saidIn(task);
  const data = task.artifacts.flatMap((artifact) => {
    const part = artifact.parts.find((each) => each.data !== undefined);
    return part?.data === undefined ? [] : [[nameOf(artifact), part.data] as const];
  });
  return {
    taskId: task.id,
    contextId: task.contextId,
    state: task.status.state,
    ...(message === '' ? {} : { message }),
    ...(data.length === 0 ? {} : { data: Object.fromEntries(data) }),
  };
}

interface Place {
  task: Task;
  name: string;
  index: number;
}

/** Text and data as text, pictures and sounds as such, other bytes as a resource, what lies elsewhere as a link to it. */
function contentOf(part: Part, { task, name, index }: Place): ContentBlock {
  if (part.text !== undefined) return text(part.text);
  if (part.url !== undefined) {
    return {
      type: 'resource_link',
      uri: part.url,
      name: part.filename ?? name,
      ...(part.mediaType === undefined ? {} : { mimeType: part.mediaType }),
      ...(part.file === undefined ? {} : { size: part.file.size }),
    };
  }
  if (part.raw === undefined) return text(JSON.stringify(part.data));
  const mimeType = part.mediaType ?? 'application/octet-stream';
  const [kind] = mimeType.split('/');
  if (kind === 'image' || kind === 'audio') return { type: kind, data: part.raw, mimeType };
  const uri = `urn:task:${task.id}:${encodeURIComponent(part.filename ?? name)}:${index}`;
  return { type: 'resource', resource: { uri, mimeType, blob: part.raw } };
}
