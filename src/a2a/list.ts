import { type ListTasksRequest, type ListTasksResponse, TaskState } from '@a2a-js/sdk';
import { z } from 'zod';
import { invalidParams } from '../errors.ts';
import type { TaskCursor, TaskPage, TaskQuery } from '../tasks/ports.ts';
import { readPlace, writePlace } from '../web/page-token.ts';
import { stateFromWire, taskToWire } from './convert.ts';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 100;

/**
 * A ListTasks request (A2A v1.0 §3.1.4) as a query of the record.
 * @throws HostError `invalid_params` naming the field.
 */
export function toQuery(
  params: ListTasksRequest,
  of: { owner: string; anyOwner: boolean; agentCode: string },
): TaskQuery {
  const limit = params.pageSize ?? DEFAULT_PAGE;
  if (limit < 1 || limit > MAX_PAGE) throw invalidParams('pageSize', `must be between 1 and ${MAX_PAGE}`);
  if ((params.historyLength ?? 0) < 0) throw invalidParams('historyLength', 'must not be negative');
  const state = stateFromWire(params.status);
  if (state === undefined && params.status !== TaskState.TASK_STATE_UNSPECIFIED) {
    throw invalidParams('status', 'is no task state');
  }
  const updatedAfter = params.statusTimestampAfter;
  if (updatedAfter && !isTime(updatedAfter)) {
    throw invalidParams('statusTimestampAfter', 'is no time such as 2026-01-31T12:00:00Z (RFC 3339)');
  }
  return {
    ...of,
    limit,
    ...(params.historyLength === undefined ? {} : { history: params.historyLength }),
    ...(params.contextId ? { contextId: params.contextId } : {}),
    ...(state === undefined ? {} : { state }),
    ...(updatedAfter ? { updatedAfter: new Date(updatedAfter).toISOString() } : {}),
    ...(params.pageToken ? { cursor: readToken(params.pageToken) } : {}),
  };
}

export function toPage(page: TaskPage, params: ListTasksRequest, pageSize: number): ListTasksResponse {
  return {
    tasks: page.tasks.map((task) =>
      taskToWire(task, {
        historyLength: params.historyLength,
        artifacts: params.includeArtifacts ?? false,
      }),
    ),
    nextPageToken: page.next === undefined ? '' : writeToken(page.next),
    pageSize,
    totalSize: page.total,
  };
}

const writeToken = ({ statusAt: at, id }: TaskCursor): string => writePlace({ at, id });

function readToken(token: string): TaskCursor {
  const place = readPlace(token);
  if (place === undefined) throw invalidParams('pageToken', 'is not one this list gave');
  return { statusAt: place.at, id: place.id };
}

const RFC3339 = z.iso.datetime({ offset: true });
/** The times of protobuf's Timestamp. */
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

function isTime(text: string): boolean {
  const at = Date.parse(text);
  return RFC3339.safeParse(text).success && at >= FIRST && at <= LAST;
}
