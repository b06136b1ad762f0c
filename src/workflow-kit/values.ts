import type { AgentCall } from '../tasks/contract.ts';
import { hasOneContent, isBase64 } from '../tasks/part.ts';
import type { Artifact, Json, Message, Metadata, Part } from '../tasks/task.ts';
import type { ArtifactContent, Say } from './task-context.ts';

export function sayParts(say: Say): { parts: Part[]; metadata?: Metadata } {
  if (typeof say === 'string') return { parts: [{ text: say }] };
  checkJson('data', say.data);
  checkJson('metadata', say.metadata);
  const parts: Part[] = [];
  if (say.text !== undefined) parts.push({ text: say.text });
  if (say.data !== undefined) parts.push({ data: say.data });
  return say.metadata === undefined ? { parts } : { parts, metadata: say.metadata };
}

export const agentMessage = (messageId: string, say: Say): Message => ({
  messageId,
  role: 'agent',
  ...sayParts(say),
});

export function artifactOf(content: ArtifactContent): Artifact {
  const parts: Part[] = [];
  const type = content.mediaType === undefined ? {} : { mediaType: content.mediaType };
  if (content.text !== undefined) parts.push({ text: content.text, ...type });
  if (content.data !== undefined) parts.push({ data: content.data, ...type });
  parts.push(...(content.parts ?? []));
  if (parts.length === 0) throw new TypeError(`artifact ${content.name}: give text, data or parts`);
  for (const [index, part] of parts.entries()) {
    if (!hasOneContent(part)) {
      throw new TypeError(
        `artifact ${content.name}: part ${index}: give one of text, data, url, raw and file`,
      );
    }
    if (part.raw !== undefined && !isBase64(part.raw)) {
      throw new TypeError(`artifact ${content.name}: part ${index}: raw is not base64`);
    }
    checkJson(`artifact ${content.name}: data`, part.data);
  }
  checkJson(`artifact ${content.name}: metadata`, content.metadata);
  return {
    artifactId: content.id ?? content.name,
    name: content.name,
    ...(content.description === undefined ? {} : { description: content.description }),
    parts,
    ...(content.metadata === undefined ? {} : { metadata: content.metadata }),
  };
}

/**
 * What is no JSON could never be recorded: it fails in the author's own code, where it was said.
 * @throws TypeError
 */
function checkJson(what: string, value: Json | undefined): void {
  if (value === undefined || typeof value === 'string') return;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`${what}: ${error instanceof Error ? error.message : 'is no JSON'}`);
  }
  if (text === undefined) throw new TypeError(`${what}: a ${typeof value} is no JSON`);
}

/** The artifact that carries an author's structured return value. */
export const resultArtifact = (value: Json): Artifact => artifactOf({ name: 'result', data: value });

/** The message of a call to another agent: what is said, or parts given as they are. */
export const callMessage = (message: Say | { parts: Part[]; metadata?: Metadata }): AgentCall['message'] =>
  typeof message === 'object' && 'parts' in message ? message : sayParts(message);
