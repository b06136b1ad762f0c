/** The workflow that stands before one that knows nothing of tasks. */
import { CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  type ChildWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  proxyLocalActivities,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { mapped, mappedText, type Roots } from '../mapping/mapping.ts';
import { attributesFor, messageArgs, messageRoots, type PlainPlan } from '../mapping/plain.ts';
import type { TaskInput } from '../tasks/contract.ts';
import type { Json } from '../tasks/task.ts';
import { type AgentResult, agentWorkflow, type TaskContext } from '../workflow-kit/index.ts';
import { lenientType, Unreadable } from '../workflow-kit/payloads.ts';
import { checkSize, MAX_SAID_BYTES } from '../workflow-kit/sizes.ts';
import { base64Of } from './bytes.ts';
import type { PlainActivities } from './contract.ts';
import { converse } from './converse.ts';
import { endedFromOutside } from './ended.ts';
import { startedBefore } from './follow.ts';

// Quick and without a trace of their own: the author's function only turns one value into another.
const { mapPlainResult, checkAttributes } = proxyLocalActivities<PlainActivities>({
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 3 },
});

type Child = Pick<ChildWorkflowHandle<(...args: Json[]) => Promise<unknown>>, 'workflowId' | 'result'>;

const childIdOf = ({ input }: Run): string => `agent-plain/${input.taskId}`;

/** Runs a plain workflow as its child: says working, then how it ended, in the words of what it failed of. */
export const plainAgent = (input: TaskInput, plan: PlainPlan): Promise<void> =>
  agentWorkflow((task) => runPlain(task, { input, plan }))(input);

interface Run {
  input: TaskInput;
  plan: PlainPlan;
}

async function runPlain(task: TaskContext, run: Run): Promise<AgentResult> {
  const { plan } = run;
  if (plan.checksAttributes) await refuseAttributes(run);
  let child: Child;
  try {
    child = await start(run);
  } catch (error) {
    child = startedBefore(error, { workflowId: childIdOf(run), workflowType: plan.workflowType });
  }
  const ended = endOf(child, plan);
  const waitsFor = plan.waitsFor;
  if (waitsFor === undefined) return show(task, run, await ended);
  const talk = new CancellationScope();
  const talking = talk.run(() => converse(task, child.workflowId, waitsFor));
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

function start(run: Run): Promise<Child> {
  const { input, plan } = run;
  const roots = messageRoots(input);
  const args = argsOf(plan, input);
  checkSize(`The arguments of ${plan.workflowType}`, args, MAX_SAID_BYTES);
  return startChild(plan.workflowType, {
    workflowId: childIdOf(run),
    // Of a task that is reset: what has completed is done.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    taskQueue: plan.taskQueue,
    args,
    typeInfo: { outputType: lenientType },
    workflowExecutionTimeout: plan.timeoutMs,
    // Asked to stop and left to do so: a worker that is away at the moment still cleans up when it is back.
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: input.agentCode,
    ...(plan.memo && { memo: valuesOf(plan.memo, roots) }),
    ...(plan.searchAttributes && {
      searchAttributes: attributesFor(plan, input) as Record<string, string[]>,
    }),
  });
}

function argsOf({ args }: PlainPlan, input: TaskInput): Json[] {
  if (args === 'message') return messageArgs(input.message);
  if ('values' in args) return args.values;
  return args.mapping.map((mapping) => mapped(mapping, messageRoots(input)));
}

const valuesOf = (mappings: Record<string, Json>, roots: Roots): Record<string, Json> =>
  mapped(mappings, roots) as Record<string, Json>;

/** What the child ends with. A cancel waits for it, but not for ever: perhaps no worker hears of it. */
function endOf(child: Child, { workflowType, cancelWithinMs }: PlainPlan): Promise<unknown> {
  const workflow = CancellationScope.current();
  const overdue = CancellationScope.nonCancellable(async () => {
    await workflow.cancelRequested.catch(() => undefined);
    await sleep(cancelWithinMs);
    throw new CancelledFailure(`${workflowType} did not say that it has stopped`);
  });
  return Promise.race([child.result(), overdue]).catch((error: unknown) => {
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
