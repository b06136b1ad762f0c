import { describe, expect, test } from 'vitest';
import { describeFailure, failureOf, isKept } from '../../src/workflow-kit/failures.ts';
import { byteLength, checkSize } from '../../src/workflow-kit/sizes.ts';
import { Snapshot } from '../../src/workflow-kit/snapshot.ts';

describe('sizes', () => {
  test.each([
    ['x', 3],
    ['é', 4],
    ['€', 5],
    ['😀', 6],
    ['"', 4],
    [{ a: [1, null] }, 14],
    [undefined, 0],
  ])('%j is %i bytes', (value, bytes) => {
    expect(byteLength(value)).toBe(bytes);
  });

  test('above the limit are named with the limit, at it they pass', () => {
    expect(() => checkSize('The thing', 'x'.repeat(8), 10)).not.toThrow();
    expect(() => checkSize('The thing', 'x'.repeat(1_234_567), 10_000)).toThrow(
      'The thing has 1,234,569 bytes, at most 10,000 are taken',
    );
  });

  test('what is no JSON throws', () => {
    expect(() => checkSize('The thing', 1n, 10)).toThrow(/bigint/i);
  });
});

describe('reports', () => {
  const artifact = (id: string, bytes: number) => ({ artifactId: id, parts: [{ text: 'x'.repeat(bytes) }] });
  const message = { messageId: 'm', role: 'agent' as const, parts: [{ text: 'y'.repeat(1_000_000) }] };

  test('too large for one come one after the other, the status with the last', () => {
    const snapshot = new Snapshot();
    for (const id of ['a', 'b', 'c']) snapshot.artifact(artifact(id, 900_000));
    snapshot.say(message);
    snapshot.status('completed', message);
    snapshot.applied('f');
    const reports = [];
    while (snapshot.dirty) reports.push(snapshot.take('task', 'run'));
    expect(
      reports.map(({ sequence, artifacts, messages, applied, status }) => [
        sequence,
        artifacts.map(({ artifactId }) => artifactId).join(),
        messages.length,
        applied.length,
        status?.state,
      ]),
    ).toEqual([
      [1, 'a,b', 0, 1, undefined],
      [2, 'c', 0, 0, undefined],
      [3, '', 1, 0, undefined],
      [4, '', 0, 0, 'completed'],
    ]);
    for (const report of reports) expect(byteLength(report)).toBeLessThan(2_000_000);
  });
});

describe('failures', () => {
  test('are cut at a whole character and say how long they were', () => {
    const text = describeFailure(new Error(`${'x'.repeat(9_899)}${'😀'.repeat(1_000)}`));
    expect(text).toBe(`${'x'.repeat(9_899)}… (11899 characters in all)`);
    expect(describeFailure(text)).toBe(text);
  });

  test('keep their cause unless it is too large', () => {
    const small = new Error('small');
    expect(failureOf('why', small).cause).toBe(small);
    expect(failureOf('why', new Error('x'.repeat(200_000))).cause).toBeUndefined();
    const circle = new Error('circle');
    circle.cause = circle;
    expect(isKept(circle)).toBe(false);
  });
});
