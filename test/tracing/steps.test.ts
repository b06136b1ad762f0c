import { context, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracedFetch } from '../../src/tracing/http.ts';
import { openTracing } from '../../src/tracing/open.ts';
import { inStep, openStep, traceHeaders, traceId } from '../../src/tracing/steps.ts';
import { silentLog } from '../support/tasks.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: 'vendor=1' };
const OFF = {
  OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
  OTEL_EXPORTER_OTLP_HEADERS: {},
  OTEL_SERVICE_NAME: 'x',
  OTEL_TRACES_SAMPLER_ARG: 1,
};

beforeAll(() => openTracing(OFF, silentLog));
afterAll(() => context.disable());

const request = (from: Record<string, string>) => ({ name: 'GET', kind: 'server', from }) as const;
const next = async () => {
  await new Promise(setImmediate);
  return { id: traceId(), headers: traceHeaders() };
};

describe('where nothing is exported', () => {
  it('outside of a request there is no trace', () => {
    expect([traceId(), traceHeaders()]).toEqual([undefined, {}]);
  });

  it('a request without one begins one, which what it does belongs to', async () => {
    const { id, headers } = await inStep(request({}), next);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-00$`));
    expect((await inStep(request({}), next)).id).not.toBe(id);
  });

  it('a request that has one is of it', async () => {
    expect(await inStep(request(PARENT), next)).toEqual({ id: TRACE, headers: PARENT });
  });

  it.each([
    'x',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE}-b7ad6b7169203331-01, 00-${TRACE}-b7ad6b7169203331-01`,
  ])('%s names none', async (traceparent) => {
    expect((await inStep(request({ traceparent }), next)).id).not.toBe(TRACE);
  });

  it('a request within another has a trace of its own', async () => {
    await inStep(request(PARENT), async () => {
      expect((await inStep(request({}), next)).id).not.toBe(TRACE);
      expect((await inStep({ name: 'x', kind: 'client' }, next)).id).toBe(TRACE);
    });
  });
});

describe('where spans are exported', () => {
  const exporter = new InMemorySpanExporter();
  const sampled = (share: number) =>
    new TracerProvider({
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });

  afterAll(() => trace.disable());

  it('each step is a span of the one it was made in', async () => {
    trace.setGlobalTracerProvider(sampled(1));
    let sent: Headers | undefined;
    const fetch = tracedFetch(async (_input, init) => {
      sent = new Headers(init?.headers);
      return new Response('');
    });
    await inStep(request(PARENT), async () => {
      await fetch('http://127.0.0.1/x', { method: 'POST', headers: { a: 'b' } });
    });
    const [outgoing, incoming] = exporter.getFinishedSpans();
    expect([incoming?.name, outgoing?.name]).toEqual(['GET', 'POST']);
    expect(incoming?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(outgoing?.parentSpanContext?.spanId).toBe(incoming?.spanContext().spanId);
    expect(sent?.get('a')).toBe('b');
    expect(sent?.get('traceparent')).toBe(`00-${TRACE}-${outgoing?.spanContext().spanId}-01`);
  });

  it('an error is told by its kind, not by what it says', async () => {
    exporter.reset();
    const failing = inStep(request({}), () => Promise.reject(new TypeError('secret')));
    await expect(failing).rejects.toThrow('secret');
    const [span] = exporter.getFinishedSpans();
    expect(span?.attributes).toEqual({ 'error.type': 'TypeError' });
    expect(JSON.stringify([span?.events, span?.status])).not.toContain('secret');
  });

  it('what is not to be sent has its id all the same', () => {
    trace.disable();
    trace.setGlobalTracerProvider(sampled(0));
    exporter.reset();
    const step = openStep(request({}));
    expect(step.run(traceId)).toMatch(/^[0-9a-f]{32}$/);
    step.end();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
