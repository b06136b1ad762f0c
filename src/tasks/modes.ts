import type { AgentDefinition } from '../agents/definition.ts';
import { HostError } from '../errors.ts';
import type { Message, Part } from './task.ts';

const DEFAULT_MODES = ['text/plain', 'application/json'];

/**
 * Holds the media types a message names against those the agent takes. A part that names none passes.
 * @throws HostError `content_type_not_supported` naming the part (A2A v1.0 §3.3.2).
 */
export function checkInputModes(agent: AgentDefinition, message: Message): void {
  const accepted = agent.inputModes ?? DEFAULT_MODES;
  for (const [index, part] of message.parts.entries()) {
    const type = part.mediaType;
    if (type === undefined || accepted.some((mode) => matches(mode, type, part))) continue;
    const field = `message.parts[${index}].mediaType`;
    throw new HostError(
      'content_type_not_supported',
      `${field}: ${type} is not taken, only ${accepted.join(', ')}`,
      {
        field,
      },
    );
  }
}

function matches(mode: string, type: string, part: Part): boolean {
  const bare = type.split(';', 1)[0]?.trim().toLowerCase();
  if (mode === bare || mode === '*/*') return true;
  // Text is text, however it is marked up.
  if (mode === 'text/plain' && part.text !== undefined) return bare?.startsWith('text/') ?? false;
  return mode.endsWith('/*') && bare?.startsWith(mode.slice(0, -1)) === true;
}
