/** The protocol's errors as HTTP+JSON and gRPC tell them (A2A v1.0 §5.4). Pure. */
import { RPC } from './errors.ts';
import type { RpcError } from './json-rpc.ts';

interface ErrorStatus {
  http: number;
  /** The name of gRPC's status code. */
  grpc: GrpcStatus;
}

export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAUTHENTICATED'
  | 'FAILED_PRECONDITION'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE';

const BY_CODE: ReadonlyMap<number, ErrorStatus> = new Map([
  [-32001, { http: 404, grpc: 'NOT_FOUND' }],
  [-32002, { http: 409, grpc: 'FAILED_PRECONDITION' }],
  [-32003, { http: 400, grpc: 'UNIMPLEMENTED' }],
  [-32004, { http: 400, grpc: 'UNIMPLEMENTED' }],
  [RPC.contentType, { http: 415, grpc: 'INVALID_ARGUMENT' }],
  [-32006, { http: 502, grpc: 'INTERNAL' }],
  [-32007, { http: 400, grpc: 'FAILED_PRECONDITION' }],
  [-32008, { http: 400, grpc: 'FAILED_PRECONDITION' }],
  [-32009, { http: 400, grpc: 'UNIMPLEMENTED' }],
  [-32602, { http: 400, grpc: 'INVALID_ARGUMENT' }],
  [RPC.invalidRequest, { http: 400, grpc: 'INVALID_ARGUMENT' }],
  [RPC.parse, { http: 400, grpc: 'INVALID_ARGUMENT' }],
  [RPC.methodNotFound, { http: 404, grpc: 'NOT_FOUND' }],
  [RPC.tooMany, { http: 429, grpc: 'RESOURCE_EXHAUSTED' }],
  [RPC.refused, { http: 503, grpc: 'UNAVAILABLE' }],
]);

const INTERNAL: ErrorStatus = { http: 500, grpc: 'INTERNAL' };

/** How the other transports tell an error of this JSON-RPC code. */
export const errorStatus = (code: number): ErrorStatus => BY_CODE.get(code) ?? INTERNAL;

/** Refusals that HTTP tells by its status, where JSON-RPC has one code for them all. */
const BY_HTTP: ReadonlyMap<number, GrpcStatus> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [429, 'RESOURCE_EXHAUSTED'],
]);

/** How gRPC tells a refusal that HTTP answers with this status. */
export const refusalStatus = (http: number): GrpcStatus => BY_HTTP.get(http) ?? 'UNAVAILABLE';

/** The body of an error in HTTP+JSON (§11.6, AIP-193); JSON-RPC's `data` holds the same details. */
export function restErrorBody({ code, message, data }: RpcError, status = errorStatus(code).http): object {
  const details = Array.isArray(data) ? data : [];
  const name = code === RPC.refused ? refusalStatus(status) : errorStatus(code).grpc;
  return { error: { code: status, status: name, message, details } };
}
