import type { ServiceError, UntypedHandleCall } from '@grpc/grpc-js';
import type { GrpcCall } from './arrival.ts';

/** Runs a call and hears how it ended, or gives the error that it is refused with. */
export type Around = (
  call: { path: string; header(name: string): string | undefined },
  run: (ended: (failed: boolean) => void) => void,
) => Partial<ServiceError> | undefined;

type Answer = (error: unknown, ...rest: unknown[]) => void;

/** The service with `around` around each of its calls. */
export const eachCall = <T extends object>(service: T, around: Around): T =>
  Object.fromEntries(
    Object.entries(service).map(([name, handle]) => [name, surrounded(handle as UntypedHandleCall, around)]),
  ) as T;

const surrounded =
  (handle: UntypedHandleCall, around: Around) =>
  (call: GrpcCall, answer?: Answer): void => {
    const header = (name: string) => call.metadata.get(name)[0]?.toString();
    const refusal = around({ path: call.getPath(), header }, (ended) => {
      if (answer === undefined) {
        let failed = false;
        call.once('error', () => {
          failed = true;
        });
        call.once('close', () => ended(failed));
        (handle as (call: GrpcCall) => void)(call);
        return;
      }
      (handle as (call: GrpcCall, answer: Answer) => void)(call, (error, ...rest) => {
        ended(Boolean(error));
        answer(error, ...rest);
      });
    });
    if (refusal === undefined) return;
    if (answer === undefined) call.emit('error', refusal);
    else answer(refusal);
  };
