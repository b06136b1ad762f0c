import { openStep } from './steps.ts';

interface Call {
  /** Such as `/lf.a2a.v1.A2AService/GetTask`. */
  path: string;
  header(name: string): string | undefined;
}

/** Each gRPC call is a step of the trace that its metadata names, or of a new one. */
export function tracedCall(
  { path, header }: Call,
  run: (ended: (failed: boolean) => void) => void,
): undefined {
  const traceparent = header('traceparent');
  const tracestate = header('tracestate');
  const step = openStep({
    name: path.slice(1),
    kind: 'server',
    from: { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) },
    attributes: { 'rpc.system': 'grpc', 'rpc.method': path },
  });
  step.run(() => run((failed) => step.end({ failed })));
}
