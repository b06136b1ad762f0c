/** As Temporal's own interceptors for OpenTelemetry name it in every language: their workers go on in the trace. */
export const TRACE_HEADER = '_tracer-data';
