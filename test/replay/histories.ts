import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';

export const CODES = ['echo', 'expense-approval', 'order-refund', 'document-digest', 'trip-planner'] as const;

/** The shipped agents. */
export type Code = (typeof CODES)[number];

/** A workflow's history as Temporal's client gives it and its replayer takes it. */
export type History = proto.temporal.api.history.v1.IHistory;

const { History } = proto.temporal.api.history.v1;

const historyFile = (code: Code): string => fileURLToPath(new URL(`histories/${code}.json`, import.meta.url));

/** The history recorded of an agent, as JSON text. */
export const readHistory = (code: Code): Promise<string> => readFile(historyFile(code), 'utf8');

// Not the SDK's historyToJSON and historyFromJSON: they fail wherever npm gives @temporalio/common and
// @temporalio/proto a copy of protobufjs each.
export const parseHistory = (json: string): History => History.fromObject(JSON.parse(json));

export async function writeHistory(code: Code, history: History): Promise<void> {
  const plain = History.toObject(History.fromObject(history), {
    enums: String,
    longs: String,
    bytes: String,
  });
  await mkdir(dirname(historyFile(code)), { recursive: true });
  await writeFile(historyFile(code), `${JSON.stringify(plain, withoutMachine, 2)}\n`);
}

/** Leaves out what tells of the recording machine; a replay does not look at it. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return '';
  if (key === 'identity') return 'recorder';
  if (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'TASK_QUEUE_KIND_STICKY'
  ) {
    return { ...value, name: 'recorder-sticky' };
  }
  return value;
}
