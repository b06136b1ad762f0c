/**
 * In Temporal's sandbox: what a workflow has done is of the trace of the message that it took last. It makes no steps of
 * its own, for a workflow may run for months; it hands on what it was handed.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import type { Headers, WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { TRACE_HEADER } from './trace-header.ts';

export const interceptors: WorkflowInterceptorsFactory = () => {
  let current: Headers[string] | undefined;
  const take = ({ headers }: { headers: Headers }): void => {
    current = headers[TRACE_HEADER] ?? current;
  };
  const hand = <I extends { headers: Headers }>(input: I): I =>
    current === undefined ? input : { ...input, headers: { ...input.headers, [TRACE_HEADER]: current } };
  return {
    inbound: [
      {
        execute: (input, next) => {
          take(input);
          return next(input);
        },
        handleUpdate: (input, next) => {
          take(input);
          return next(input);
        },
        handleSignal: (input, next) => {
          take(input);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(hand(input)),
        scheduleLocalActivity: (input, next) => next(hand(input)),
        startChildWorkflowExecution: (input, next) => next(hand(input)),
        signalWorkflow: (input, next) => next(hand(input)),
        continueAsNew: (input, next) => next(hand(input)),
        getLogAttributes: (input, next) => next({ ...input, ...logged(current) }),
      },
    ],
  };
};

function logged(header: Headers[string] | undefined): { trace_id?: string } {
  if (header === undefined) return {};
  const { traceparent } = defaultPayloadConverter.fromPayload<{ traceparent?: string }>(header);
  const id = traceparent?.split('-')[1];
  return id === undefined ? {} : { trace_id: id };
}
