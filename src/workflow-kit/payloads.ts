/**
 * How the host reads what workflows of other workers write: beside what the SDK reads also protobuf messages as JSON; and,
 * where it is asked to, what nobody here can read as a value that says so. What is read in a workflow must never throw:
 * its step would be tried again for ever.
 */
import {
  type ConverterHint,
  DefaultFailureConverter,
  DefaultPayloadConverter,
  type FailureConverter,
  type Payload,
  type PayloadConverter,
  type TypeInfo,
} from '@temporalio/common';

const LENIENT = 'workflow-agent-host.lenient';

/** A payload that cannot be read here, in place of its value. */
export class Unreadable {
  /** Such as `binary/encrypted`. */
  readonly encoding: string;

  constructor({ metadata }: Payload) {
    const name = metadata?.encoding;
    this.encoding = name == null ? 'unknown' : new TextDecoder().decode(name);
  }
}

/** Of a value that may be an `Unreadable`. */
export const lenientType: TypeInfo = { payloadConverterHint: { converter: LENIENT } };

/** @param theirs reads and writes what it can; the SDK's own when absent. */
export function readingPayloadConverter(
  theirs: PayloadConverter = new DefaultPayloadConverter(),
): PayloadConverter {
  return {
    toPayload: (...given) => theirs.toPayload(...given),
    fromPayload<T>(
      payload: Payload,
      context?: Parameters<PayloadConverter['fromPayload']>[1],
      hint?: ConverterHint<T>,
    ): T {
      const lenient = hint?.converter === LENIENT;
      try {
        return theirs.fromPayload<T>(payload, context, lenient ? undefined : hint);
      } catch (error) {
        const unreadable = new Unreadable(payload);
        const message = unreadable.encoding === 'json/protobuf' ? jsonIn(payload) : undefined;
        if (message === undefined && !lenient) throw error;
        return (message ?? unreadable) as T;
      }
    },
    ...(theirs.validateConverterHint && {
      validateConverterHint: (hint) => theirs.validateConverterHint?.(hint) ?? false,
    }),
  };
}

/** A protobuf message as JSON; undefined when it is none. */
function jsonIn({ data }: Payload): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data ?? undefined));
  } catch {
    return undefined;
  }
}

/** A failure is told whatever hangs on it. @param theirs the SDK's own when absent. */
export function readingFailureConverter(
  theirs: FailureConverter = new DefaultFailureConverter(),
): FailureConverter {
  return {
    errorToFailure: (...given) => theirs.errorToFailure(...given),
    failureToError: (failure, converter, context) =>
      theirs.failureToError(failure, lenient(converter), context),
  };
}

const lenient = (converter: PayloadConverter): PayloadConverter => ({
  toPayload: (...given) => converter.toPayload(...given),
  fromPayload<T>(...given: Parameters<PayloadConverter['fromPayload']>): T {
    try {
      return converter.fromPayload(...given) as T;
    } catch {
      return new Unreadable(given[0]) as T;
    }
  },
});
