import type { Context } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { type Carrier, inStep, traceHeaders } from '../tracing/steps.ts';
import { TRACE_HEADER } from './trace-header.ts';

/** What the client tells a workflow is a step of the trace that runs now, in which the workflow goes on. */
export const tracedClient: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    told('StartWorkflow', input.workflowType, () => next({ ...input, headers: traced(input.headers) })),
  signalWithStart: (input, next) =>
    told('SignalWithStartWorkflow', input.workflowType, () =>
      next({ ...input, headers: traced(input.headers) }),
    ),
  startUpdate: (input, next) =>
    told('UpdateWorkflow', input.updateName, () => next({ ...input, headers: traced(input.headers) })),
};

const told = <T>(what: string, name: string, call: () => Promise<T>): Promise<T> =>
  inStep({ name: `${what}:${name}`, kind: 'client' }, call);

/** An activity is a step of the trace of what its workflow took last; of a new one where nothing was handed on. */
export const tracedActivities = ({ info }: Context): ActivityInterceptors => ({
  inbound: {
    execute: (input, next) =>
      inStep(
        {
          name: `RunActivity:${info.activityType}`,
          kind: 'consumer',
          from: carrierOf(input.headers),
          attributes: {
            temporalActivityID: info.activityId,
            ...(info.workflowExecution && {
              temporalWorkflowID: info.workflowExecution.workflowId,
              temporalRunID: info.workflowExecution.runId,
            }),
          },
        },
        () => next(input),
      ),
  },
});

const traced = (headers: Headers): Headers => ({
  ...headers,
  [TRACE_HEADER]: defaultPayloadConverter.toPayload(traceHeaders()),
});

function carrierOf(headers: Headers): Carrier {
  const payload = headers[TRACE_HEADER];
  if (payload === undefined) return {};
  try {
    return defaultPayloadConverter.fromPayload<Carrier | null>(payload) ?? {};
  } catch {
    // Another worker's, in a form of its own.
    return {};
  }
}
