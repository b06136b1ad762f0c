import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import {
  lenientType,
  readingFailureConverter,
  readingPayloadConverter,
  Unreadable,
} from '../../src/workflow-kit/payloads.ts';

const payload = (encoding: string, text: string): Payload => ({
  metadata: { encoding: new TextEncoder().encode(encoding) },
  data: new TextEncoder().encode(text),
});
const converter = readingPayloadConverter();
const { payloadConverterHint: lenient } = lenientType;

describe('a payload', () => {
  test.each([{ a: 1 }, 'text', null, undefined, new Uint8Array([1, 2])])('as the SDK: %j', (value) => {
    const written = converter.toPayload(value);
    expect(written).toEqual(defaultPayloadConverter.toPayload(value));
    expect(converter.fromPayload(written)).toEqual(value);
    expect(converter.fromPayload(written, undefined, lenient)).toEqual(value);
  });

  test('a protobuf message is its JSON', () => {
    expect(converter.fromPayload(payload('json/protobuf', '{"sku":"chair"}'))).toEqual({ sku: 'chair' });
  });

  test('an encoding that nobody here knows throws, but where a value may stand for it', () => {
    const sealed = payload('binary/encrypted', 'x');
    expect(() => converter.fromPayload(sealed)).toThrow('Unknown encoding: binary/encrypted');
    const value = converter.fromPayload(sealed, undefined, lenient);
    expect(value).toBeInstanceOf(Unreadable);
    expect(value).toEqual({ encoding: 'binary/encrypted' });
    expect(converter.fromPayload({}, undefined, lenient)).toEqual({ encoding: 'unknown' });
  });

  test('what is no JSON though it says so is as unreadable', () => {
    for (const encoding of ['json/plain', 'json/protobuf']) {
      expect(converter.fromPayload(payload(encoding, '{'), undefined, lenient)).toEqual({ encoding });
    }
  });

  test('an own converter is asked first', () => {
    const own = readingPayloadConverter({
      toPayload: () => payload('own', ''),
      fromPayload: <T>({ metadata }: Payload) => {
        if (new TextDecoder().decode(metadata?.encoding ?? undefined) !== 'own') throw new Error('not mine');
        return 'mine' as T;
      },
    });
    expect(own.fromPayload(own.toPayload(1))).toBe('mine');
    expect(own.fromPayload(payload('json/protobuf', '1'))).toBe(1);
    expect(() => own.fromPayload(payload('json/plain', '1'))).toThrow('not mine');
  });
});

test('a failure is told although what hangs on it cannot be read', () => {
  const failures = readingFailureConverter();
  const failure = failures.errorToFailure(ApplicationFailure.nonRetryable('Broken', 'Broken'), converter);
  const details = { payloads: [payload('binary/encrypted', 'x')] };
  const applicationFailureInfo = { ...failure.applicationFailureInfo, details };
  const error = failures.failureToError({ ...failure, applicationFailureInfo }, converter);
  expect(error).toMatchObject({ message: 'Broken', details: [{ encoding: 'binary/encrypted' }] });
});
