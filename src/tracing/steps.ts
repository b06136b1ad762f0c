import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

/** The fields of W3C Trace Context, `traceparent` and `tracestate`, by their names in lower case. */
export type Carrier = Record<string, string>;

/** A step of a trace: a span, in OpenTelemetry's words. */
export interface Step {
  name: string;
  /** `server`: a request that came in. `client`: one that goes out. `consumer`: work that was asked for before. */
  kind: 'server' | 'client' | 'consumer';
  /** What came with the request: the step is of the trace that it names, else of a new one. Absent: of the trace that runs now. */
  from?: Carrier;
  attributes?: Attributes;
}

export interface OpenStep {
  /** Runs what belongs to the step. */
  run<T>(work: () => T): T;
  end(outcome?: { name?: string; attributes?: Attributes; failed?: boolean }): void;
}

const TRACER = 'workflow-agent-host';
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;
const propagator = new W3CTraceContextPropagator();

/** The id of the trace that what runs now belongs to, 32 hex digits; undefined outside of any. */
export function traceId(): string | undefined {
  const current = trace.getSpanContext(context.active());
  return current !== undefined && isSpanContextValid(current) ? current.traceId : undefined;
}

/** What a request to somebody else carries, so that what it does there is of this trace. */
export function traceHeaders(): Carrier {
  const carrier: Carrier = {};
  propagator.inject(context.active(), carrier, defaultTextMapSetter);
  return carrier;
}

/** Begins a step that the caller ends. */
export function openStep({ name, kind, from, attributes = {} }: Step): OpenStep {
  const parent =
    from === undefined ? context.active() : propagator.extract(ROOT_CONTEXT, from, defaultTextMapGetter);
  const span = named(trace.getTracer(TRACER).startSpan(name, { kind: KINDS[kind], attributes }, parent));
  const within: Context = trace.setSpan(parent, span);
  return {
    run: (work) => context.with(within, work),
    end: (outcome = {}) => {
      if (outcome.name !== undefined) span.updateName(outcome.name);
      if (outcome.attributes !== undefined) span.setAttributes(outcome.attributes);
      if (outcome.failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Runs a step, and ends it with its work. */
export async function inStep<T>(step: Step, work: () => Promise<T>): Promise<T> {
  const { run, end } = openStep(step);
  try {
    const result = await run(work);
    end();
    return result;
  } catch (error) {
    // By its kind alone: what an error says may be what a caller said.
    const type = error instanceof Error ? error.name : 'unknown';
    end({ failed: true, attributes: { 'error.type': type } });
    throw error;
  }
}

/** Where nothing is exported nobody gives ids; a trace has one anyway, for the log and the receipts. */
function named(span: Span): Span {
  if (isSpanContextValid(span.spanContext())) return span;
  return trace.wrapSpanContext({
    traceId: randomHex(),
    spanId: randomHex().slice(-16),
    traceFlags: TraceFlags.NONE,
  });
}

/** 32 digits. Node makes UUIDs in advance, which other random bytes are not. */
const randomHex = (): string => randomUUID().replaceAll('-', '');
