import { setTimeout as delay } from 'node:timers/promises';
import type { SendMessageRequest, StreamResponse } from '@a2a-js/sdk';
import type { Client } from '@a2a-js/sdk/client';
import { UnsupportedOperationError } from '@a2a-js/sdk/errors';
import { CliError, rpcErrorOf } from '../failure.ts';

/** Where a stream's events go. */
export interface Follower {
  taskId: string | undefined;
  /** Nothing more comes without the caller. */
  readonly settled: boolean;
  take(event: StreamResponse): void;
}

export interface FollowOptions {
  /** Told once each time the stream breaks off. */
  onBreak(): void;
  /** Waits between attempts to subscribe again; as many attempts as there are waits. */
  waitsMs?: readonly number[];
}

const WAITS_MS = [200, 500, 1000, 2000, 3000, 5000, 8000, 10_000];

/**
 * Sends a message and hands over the task's events until it settles. A stream that breaks off, as when the host
 * restarts, is taken up again: the task is read, which shows what was missed, and subscribed to.
 * @throws what the server says; CliError when the task cannot be followed to its end.
 */
export async function sendAndFollow(
  client: Client,
  request: SendMessageRequest,
  follower: Follower,
  options: FollowOptions,
): Promise<void> {
  try {
    await drain(client.sendMessageStream(request), follower, () => false);
  } catch (error) {
    // Without a task id nobody knows whether the message arrived.
    if (rpcErrorOf(error) !== undefined || follower.taskId === undefined) throw error;
    // Even if it seems settled: of a follow-up the first event is the task as it stood before it.
    return takeUp(client, follower, options);
  }
  if (!follower.settled) await takeUp(client, follower, options);
}

/**
 * Hands over a task as it stands, and its events from then on until it settles; a stream that breaks off is taken up
 * again.
 * @throws as above.
 */
export const follow = (client: Client, id: string, follower: Follower): Promise<void> =>
  attempt(client, id, follower, [0, ...WAITS_MS]);

async function takeUp(client: Client, follower: Follower, options: FollowOptions): Promise<void> {
  const id = follower.taskId;
  if (id === undefined) throw new CliError('The stream ended before there was a task.');
  options.onBreak();
  return attempt(client, id, follower, options.waitsMs ?? WAITS_MS);
}

async function attempt(
  client: Client,
  id: string,
  follower: Follower,
  waitsMs: readonly number[],
): Promise<void> {
  for (const wait of waitsMs) {
    await delay(wait);
    try {
      follower.take({ payload: { $case: 'task', value: await client.getTask({ tenant: '', id }) } });
      if (follower.settled) return;
      await drain(client.resubscribeTask({ tenant: '', id }), follower, () => follower.settled);
      if (follower.settled) return;
    } catch (error) {
      // Ended between the two calls: the next round reads how. Any other word of the server is final.
      if (rpcErrorOf(error) !== undefined && !(error instanceof UnsupportedOperationError)) throw error;
    }
  }
  throw new CliError('The stream broke off and could not be taken up again. The task may still go on.', {
    hint: `The command \`task ${id}\` shows it.`,
  });
}

async function drain(
  events: AsyncGenerator<StreamResponse, void, undefined>,
  follower: Follower,
  enough: () => boolean,
): Promise<void> {
  for await (const event of events) {
    follower.take(event);
    if (enough()) return;
  }
}
