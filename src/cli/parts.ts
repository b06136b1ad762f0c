import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type Message, type Part, Role } from '@a2a-js/sdk';
import { messageOf } from '../errors.ts';
import { usageError } from './failure.ts';

export interface MessageArguments {
  text?: string | undefined;
  /** JSON, or `-` to read it from standard input. */
  data?: string | undefined;
  /** Path of a file to attach. */
  file?: string | undefined;
}

const MEDIA_TYPES: Record<string, string> = {
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.markdown': 'text/markdown',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.xml': 'application/xml',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.zip': 'application/zip',
};

export const mediaTypeOf = (path: string): string =>
  MEDIA_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';

/**
 * The parts of a message: its text, then its data, then its file.
 * @throws CliError (usage) naming the argument that is wrong, or when there is nothing to send.
 */
export async function partsOf(
  { text, data, file }: MessageArguments,
  readStdin: () => Promise<string>,
): Promise<Part[]> {
  const parts: Part[] = [];
  if (text !== undefined && text !== '') parts.push(textPart(text));
  if (data !== undefined) parts.push(dataPart(data === '-' ? await readStdin() : data));
  if (file !== undefined) parts.push(await filePart(file));
  if (parts.length === 0) throw usageError('There is nothing to send: give a text, --data or --file.');
  return parts;
}

export const textPart = (text: string): Part => ({
  content: { $case: 'text', value: text },
  metadata: undefined,
  filename: '',
  mediaType: '',
});

function dataPart(json: string): Part {
  const content = { $case: 'data', value: parseJson('--data', json) } as const;
  return { content, metadata: undefined, filename: '', mediaType: '' };
}

function parseJson(name: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw usageError(`${name}: not JSON: ${messageOf(error)}`);
  }
}

/** @throws CliError (usage) when it is no JSON object. */
export function metadataOf(json: string): Record<string, unknown> {
  const metadata = parseJson('--metadata', json);
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw usageError('--metadata: not a JSON object');
  }
  return metadata as Record<string, unknown>;
}

async function filePart(path: string): Promise<Part> {
  const value = await readFile(path).catch((error: unknown) => {
    throw usageError(`--file: cannot read ${path}: ${reason(error)}`);
  });
  return {
    content: { $case: 'raw', value },
    metadata: undefined,
    filename: basename(path),
    mediaType: mediaTypeOf(path),
  };
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

const reason = (error: unknown): string =>
  REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);

interface Addressed {
  taskId?: string;
  contextId?: string;
  metadata?: Record<string, unknown>;
}

/** A user's message with an id of its own. A follow-up names its task; the server knows the task's context. */
export function userMessage(parts: Part[], to: Addressed = {}): Message {
  return {
    messageId: randomUUID(),
    role: Role.ROLE_USER,
    parts,
    taskId: to.taskId ?? '',
    contextId: to.contextId ?? '',
    metadata: to.metadata,
    extensions: [],
    referenceTaskIds: [],
  };
}
