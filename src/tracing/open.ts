import { context, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';

type TracingConfig = Pick<
  Config,
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_EXPORTER_OTLP_HEADERS'
  | 'OTEL_SERVICE_NAME'
  | 'OTEL_TRACES_SAMPLER_ARG'
>;

/** What is not sent by then, as the host stops, is lost. */
const FLUSH_MS = 2_000;

/**
 * Makes traces go along with what runs, and exports them where the settings say so. In a program that has set up
 * OpenTelemetry itself they go where that program's own do.
 */
export async function openTracing(config: TracingConfig, log: Logger): Promise<{ close(): Promise<void> }> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config;
  if (endpoint === undefined) return { close: async () => {} };
  diag.setLogger(asDiagnostics(log), { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  const provider = await createProvider(endpoint, config);
  const ours = trace.setGlobalTracerProvider(provider);
  return {
    close: async () => {
      if (ours) trace.disable();
      await provider.shutdown().catch((error) => log.warn({ err: error }, 'the last traces were not sent'));
    },
  };
}

/** Loaded where it is wanted alone: a start without it is the quicker. */
async function createProvider(endpoint: string, config: TracingConfig) {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    timeoutMillis: FLUSH_MS,
  });
  return new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': config.OTEL_SERVICE_NAME }),
    sampler: new sdk.ParentBasedSampler({
      root: new sdk.TraceIdRatioBasedSampler(config.OTEL_TRACES_SAMPLER_ARG),
    }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
    forceFlushTimeoutMillis: FLUSH_MS,
  });
}

/** A collector that does not answer is the operator's to know, and stands in nobody's way. */
function asDiagnostics(log: Logger) {
  const quiet = () => {};
  const warn = (message: string) => log.warn({ reason: message }, 'traces are not exported');
  return { error: warn, warn: quiet, info: quiet, debug: quiet, verbose: quiet };
}
