/** The workflow that stands before one that knows nothing of tasks. */
import { CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  ParentClosePolicy,
  proxyLocalActivities,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { mapped, mappedText } from '../mapping/mapping.ts';
import { attributesFor, messageRoots, type PlainPlan } from '../mapping/plain.ts';
import type { TaskInput } from '../tasks/contract.ts';
import type { Json } from '../tasks/task.ts';
import { limitedAgentWorkflow } from '../workflow-kit/agent-workflow.ts';
import type { AgentResult, TaskContext } from '../workflow-kit/index.ts';
import { LAST_RUN } from '../workflow-kit/limits.ts';
import { lenientType, Unreadable } from '../workflow-kit/payloads.ts';
import type { Projector } from '../workflow-kit/projector.ts';
import { besideOf } from './beside.ts';
import { base64Of } from './bytes.ts';
import type { PlainActivities } from './contract.ts';
import { converse } from './converse.ts';
import { endedFromOutside } from './ended.ts';
import { type Started, startBeside, startedBefore } from './follow.ts';

// Quick and without a trace of their own: the author's function only turns one value into another.
const { mapPlainResult, checkAttributes } = proxyLocalActivities<PlainActivities>({
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 3 },
});

/** Runs a plain workflow: says working, then how it ended, in the words of what it failed of. */
export const plainAgent = (input: TaskInput, plan: PlainPlan): Promise<void> =>
  limitedAgentWorkflow(LAST_RUN, (task, projector) => runPlain(task, { input, plan, projector }))(input);

interface Run {
  input: TaskInput;
  plan: PlainPlan;
  projector: Projector;
}

async function runPlain(task: TaskContext, run: Run): Promise<AgentResult> {
  const { plan } = run;
  if (plan.checksAttributes) await refuseAttributes(run);
  const started = plan.brief ? startBrief(run) : await start(run);
  const ended = endOf(started, plan);
  const waitsFor = plan.waitsFor;
  if (waitsFor === undefined) return show(task, run, await ended);
  const talk = new CancellationScope();
  const talking = talk.run(() => converse(task, started.workflowId, waitsFor));
  try {
    return show(task, run, await Promise.race([ended, unlessCanceled(talking)]));
  } finally {
    talk.cancel();
  }
}

/** Temporal refuses some with the whole step, again and again for ever. */
async function refuseAttributes({ input, plan }: Run): Promise<void> {
  const problem = await checkAttributes(attributesFor(plan, input));
  if (problem === null) return;
  throw ApplicationFailure.nonRetryable(`Search attribute ${problem}`, 'BadSearchAttribute');
}

async function start(run: Run): Promise<Started> {
  const { plan } = run;
  const { workflowId, workflowType, taskQueue, args, summary, memo, searchAttributes } = besideOf(run);
  try {
    return await startChild(workflowType, {
      workflowId,
      // Of a task that is reset: what has completed is done.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      taskQueue,
      args,
      typeInfo: { outputType: lenientType },
      workflowExecutionTimeout: plan.timeoutMs,
      // Asked to stop and left to do so: a worker that is away at the moment still cleans up when it is back.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: summary,
      ...(memo && { memo }),
      ...(searchAttributes && { searchAttributes: searchAttributes as Record<string, string[]> }),
    });
  } catch (error) {
    return startedBefore(error, { workflowId, workflowType });
  }
}

function startBrief(run: Run): Started {
  const { runId, firstExecutionRunId } = workflowInfo();
  const beside = besideOf(run);
  return startBeside(run.projector, runId === firstExecutionRunId ? beside : { ...beside, again: true });
}

/** What it ends with. A cancel waits for it, but not for ever: perhaps no worker hears of it. */
function endOf(started: Started, { workflowType, cancelWithinMs }: PlainPlan): Promise<unknown> {
  const workflow = CancellationScope.current();
  const overdue = CancellationScope.nonCancellable(async () => {
    await workflow.cancelRequested.catch(() => undefined);
    await sleep(cancelWithinMs);
    throw new CancelledFailure(`${workflowType} did not say that it has stopped`);
  });
  return Promise.race([started.result(), overdue]).catch((error: unknown) => {
    throw workflow.consideredCancelled ? error : toldOf(workflowType, error);
  });
}

/** Its own failure tells why by itself; what others did to it does not. */
function toldOf(workflowType: string, error: unknown): unknown {
  const what = endedFromOutside(workflowType, error instanceof ChildWorkflowFailure ? error.cause : error);
  return what === undefined ? error : ApplicationFailure.nonRetryable(what, 'EndedFromOutside');
}

async function show(task: TaskContext, { input, plan }: Run, ended: unknown): Promise<AgentResult> {
  if (ended instanceof Unreadable) {
    const problem = `The result of ${plan.workflowType} cannot be read here: its encoding is ${ended.encoding}`;
    throw ApplicationFailure.nonRetryable(problem, 'Unreadable');
  }
  const bytes = ended instanceof Uint8Array ? ended : undefined;
  const raw = bytes && base64Of(bytes);
  const result = raw ?? (ended as Json | undefined);
  const { agentCode, message } = input;
  if (plan.result === 'function') {
    const shown = await (bytes
      ? mapPlainResult({ agentCode, message, result: null }, bytes)
      : mapPlainResult({ agentCode, message, result: result ?? null }));
    if (typeof shown === 'string') return shown;
    task.artifact({ name: 'result', parts: [...shown] });
    return undefined;
  }
  if (plan.result === 'value') {
    if (raw === undefined) return result;
    task.artifact({ name: 'result', parts: [{ raw }] });
    return undefined;
  }
  const { text, data, name = 'result' } = plan.result;
  const roots = { ...messageRoots(input), result: result ?? null };
  // Bytes by themselves are a file; inside of something else they are text.
  if (raw !== undefined && isResult(data)) task.artifact({ name, parts: [{ raw }] });
  else if (data !== undefined) task.artifact({ name, data: mapped(data, roots) });
  return text === undefined ? undefined : mappedText(text, roots);
}

const isResult = (mapping: Json | undefined): boolean => mapping === '$.result' || mapping === '$.result?';

/** A conversation goes on until the workflow ends; only one that cannot go on ends it. */
const unlessCanceled = (talking: Promise<never>): Promise<never> =>
  talking.catch((error: unknown) => {
    if (isCancellation(error)) return new Promise<never>(() => {});
    throw error;
  });
