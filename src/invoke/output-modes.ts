/** What an answer may hold. Pure. */
import type { AgentDefinition } from '../agents/definition.ts';
import { invalidParams } from '../errors.ts';
import type { Part } from '../tasks/task.ts';

const TEXT = 'text/plain';
const JSON_TYPE = 'application/json';
const DEFAULT_OUTPUT = [TEXT, JSON_TYPE];
const MODE = /^(\*\/\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+))$/;

/**
 * The modes that a caller takes, for the record; none stand for all. Undefined when it has named none.
 * @throws HostError `invalid_params` when one is no media type, or the agent gives nothing that can be fitted into them.
 */
export function acceptedModes(
  agent: AgentDefinition,
  modes: readonly string[] | undefined,
): string[] | undefined {
  if (modes === undefined || modes.length === 0) return modes && [];
  const accepted = [...new Set(modes.map((mode, index) => checked(mode, index)))];
  const takes = takenBy(accepted);
  const given = (agent.outputModes ?? DEFAULT_OUTPUT).map(bare);
  const fits = (mode: string) =>
    takes(mode) || accepted.some((each) => covers(mode, each)) || convertible(mode, takes);
  if (!given.some(fits)) {
    const field = 'configuration.acceptedOutputModes';
    throw invalidParams(field, `the agent gives none of these, only ${given.join(', ')}`);
  }
  return accepted;
}

/** Parts as they are taken, made into text or JSON where only that is; without those that are not. */
export function fitted(parts: Part[], modes: readonly string[] | undefined): Part[] {
  if (modes === undefined || modes.length === 0) return parts;
  const takes = takenBy(modes);
  return parts.flatMap((part) => (takes(typeOf(part)) ? part : (converted(part, takes) ?? [])));
}

type Takes = (type: string) => boolean;

const takenBy =
  (modes: readonly string[]): Takes =>
  (type) =>
    modes.some((mode) => covers(mode, type));

function checked(mode: string, index: number): string {
  const type = bare(mode);
  if (!MODE.test(type)) {
    throw invalidParams(`configuration.acceptedOutputModes[${index}]`, 'is not a media type');
  }
  return type;
}

const bare = (type: string): string => (type.split(';', 1)[0] ?? '').trim().toLowerCase();

/** Whether a mode stands for a type. */
function covers(mode: string, type: string): boolean {
  if (mode === '*/*' || mode === type) return true;
  return mode.endsWith('/*') && type.startsWith(mode.slice(0, -1));
}

function typeOf({ mediaType, text, data }: Part): string {
  if (mediaType !== undefined) return bare(mediaType);
  if (text !== undefined) return TEXT;
  return data === undefined ? 'application/octet-stream' : JSON_TYPE;
}

/** Text of any kind is plain text too; JSON can be written as text, and text as a JSON string. */
const convertible = (type: string, takes: Takes): boolean =>
  ((type.startsWith('text/') || type === JSON_TYPE) && takes(TEXT)) ||
  (type.startsWith('text/') && takes(JSON_TYPE));

function converted(part: Part, takes: Takes): Part | undefined {
  const { text, data, mediaType: _, ...about } = part;
  if (text !== undefined) {
    if (takes(TEXT)) return { ...about, text };
    return takes(JSON_TYPE) ? { ...about, data: text } : undefined;
  }
  if (data === undefined || !takes(TEXT)) return undefined;
  return { ...about, text: JSON.stringify(data) };
}
