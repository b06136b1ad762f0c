import { A2AError } from '@a2a-js/sdk/errors';
import { status } from '@grpc/grpc-js';
import { errorStatus, type GrpcStatus } from '../error-status.ts';
import { rpcErrorOf } from '../json-rpc.ts';

/** An error with the gRPC status it is told by; the SDK reads `transport` and `status`. */
class GrpcError extends A2AError {
  readonly transport = 'grpc';
  readonly status: number;

  constructor(name: GrpcStatus, options: ConstructorParameters<typeof A2AError>[0]) {
    super(options);
    this.status = status[name];
  }
}

/** An error that is gRPC's own and none of the protocol's. */
export const grpcError = (name: GrpcStatus, message: string): A2AError => new GrpcError(name, message);

/** The protocol's error with the status of A2A v1.0 §5.4; the SDK puts its ErrorInfo beside it (§10.6). */
export function toGrpcError(error: A2AError): A2AError {
  const { message, metadata } = error;
  const { grpc } = errorStatus(rpcErrorOf(error).code);
  const told = new GrpcError(grpc, { message, ...(metadata && { metadata }), cause: error });
  // By its name the SDK knows the reason.
  told.name = error.name;
  return told;
}
