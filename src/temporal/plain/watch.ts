import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import {
  type Client,
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { messageOf } from '../../errors.ts';
import { questionIn, type WaitsFor } from '../../mapping/plain.ts';
import { UNREADABLE, type Watch } from '../../plain/contract.ts';
import { newStepOf } from './steps.ts';

/** A workflow that has just begun may have nothing to answer with yet. */
const PATIENCE_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 1_000;
/** Once it is told. */
const TOLD_PAUSE_MS = 60_000;

/**
 * Asks again after each step the workflow makes: between two of them its answer cannot change. Temporal tells of the
 * steps, so nothing polls; but while the query fails, which a new worker may mend, and that is no step.
 */
export async function watchPlain(client: Client, watch: Watch): Promise<string | null> {
  const { cancellationSignal, cancelled } = Context.current();
  const done = new AbortController();
  const signal = AbortSignal.any([cancellationSignal, done.signal]);
  try {
    return await Promise.race([newQuestion(client, watch, signal), cancelled]);
  } finally {
    done.abort();
  }
}

async function newQuestion(
  client: Client,
  { workflowId, waitsFor, known, unreadable }: Watch,
  signal: AbortSignal,
): Promise<string | null> {
  const handle = client.workflow.getHandle(workflowId);
  const step = newStepOf(client, workflowId, signal);
  let next: ReturnType<typeof step> | undefined;
  let failing: { since: number; pauseMs: number } | undefined;
  for (;;) {
    next ??= step();
    const pause = failing && delay(failing.pauseMs, 'pause' as const, { ref: false, signal });
    const news = await Promise.race(pause === undefined ? [next] : [next, pause]);
    if (news === 'ended') return null;
    if (news === 'step') next = undefined;
    const asked = await ask(handle, waitsFor);
    if ('question' in asked) {
      failing = undefined;
      if (asked.question !== known) return asked.question;
      continue;
    }
    const longest = unreadable ? TOLD_PAUSE_MS : LONGEST_PAUSE_MS;
    const pauseMs = failing === undefined ? FIRST_PAUSE_MS : Math.min(failing.pauseMs * 2, longest);
    failing = { since: failing?.since ?? Date.now(), pauseMs };
    if (unreadable || Date.now() - failing.since < PATIENCE_MS) continue;
    throw ApplicationFailure.nonRetryable(`Its questions cannot be read: ${asked.problem}`, UNREADABLE);
  }
}

/** What it asks, null when nothing; or why that cannot be said, in the words of the workflow's own worker. */
async function ask(
  handle: WorkflowHandle,
  waitsFor: WaitsFor,
): Promise<{ question: string | null } | { problem: string }> {
  const { query } = waitsFor;
  try {
    return { question: questionIn(waitsFor, await handle.query(query)) ?? null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { question: null };
    // Of any query that fails, whether there is none of this name or it throws.
    if (error instanceof QueryNotRegisteredError) return { problem: `the query ${query}: ${error.message}` };
    if (error instanceof ServiceError || isGrpcServiceError(error)) throw error;
    return { problem: `what the query ${query} answers: ${messageOf(error)}` };
  }
}
