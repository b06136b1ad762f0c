import { Metadata, type UntypedHandleCall } from '@grpc/grpc-js';
import type { GrpcCall } from './arrival.ts';

const TOLD = new WeakMap<object, Metadata>();

/**
 * Tells a client what HTTP tells in header fields: in the metadata before the answer, and with a refusal beside its
 * status too, where clients look that read no others.
 */
export function tell(call: GrpcCall, fields: Record<string, string[]>): void {
  const metadata = TOLD.get(call) ?? new Metadata();
  for (const [name, values] of Object.entries(fields)) {
    metadata.remove(name);
    for (const value of values) metadata.add(name, value);
  }
  TOLD.set(call, metadata);
  call.sendMetadata(metadata.clone());
}

type Unary = (call: GrpcCall, callback: (error: unknown, ...rest: unknown[]) => void) => void;
type Streaming = (call: GrpcCall) => void;

/** The SDK's service, which makes the metadata of a status itself, with what was told added to it. */
export const tellingTrailers = <T extends object>(service: T): T =>
  Object.fromEntries(Object.entries(service).map(([name, handle]) => [name, telling(handle)])) as T;

const telling =
  (handle: UntypedHandleCall) =>
  (call: GrpcCall, callback?: Parameters<Unary>[1]): void => {
    if (callback !== undefined) {
      (handle as Unary)(call, (error, ...rest) => callback(error && withTold(error, call), ...rest));
      return;
    }
    const emit = call.emit.bind(call);
    call.emit = (event: string | symbol, ...args: unknown[]) =>
      emit(event, ...(event === 'error' ? [withTold(args[0], call)] : args));
    (handle as Streaming)(call);
  };

function withTold(error: unknown, call: GrpcCall): unknown {
  const told = TOLD.get(call);
  if (told === undefined || typeof error !== 'object' || error === null) return error;
  const { metadata } = error as { metadata?: Metadata };
  const all = told.clone();
  if (metadata !== undefined) all.merge(metadata);
  return Object.assign(error, { metadata: all });
}
