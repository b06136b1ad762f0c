import type { Json, Message, Metadata, Part } from '../tasks/task.ts';

/** A user's message as an author reads it. */
export interface IncomingMessage {
  messageId: string;
  /** All text parts, joined by line breaks; empty when there is none. */
  text: string;
  /** The first data part's value; undefined when there is none. */
  data: Json | undefined;
  parts: readonly Part[];
  metadata: Metadata;
}

/** A recorded user message as an author reads it. */
export function incoming(message: Message): IncomingMessage {
  return {
    messageId: message.messageId,
    text: textOf(message.parts),
    data: message.parts.find((part) => part.data !== undefined)?.data,
    parts: message.parts,
    metadata: message.metadata ?? {},
  };
}

const textOf = (parts: readonly Part[]): string =>
  parts.flatMap((part) => (part.text === undefined ? [] : [part.text])).join('\n');
