import { afterEach, expect, test, vi } from 'vitest';
import { RegisteredAttributes } from '../../src/temporal/search-attributes.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A namespace that counts how often it is asked. */
function namespace() {
  const asked = { times: 0, answer: { Customer: 2 } as Record<string, number> | Error };
  const listSearchAttributes = async () => {
    asked.times += 1;
    if (asked.answer instanceof Error) throw asked.answer;
    return { customAttributes: asked.answer };
  };
  const connection = {
    operatorService: { listSearchAttributes },
    withDeadline: (_: number, call: () => unknown) => call(),
  };
  const client = { connection, options: { namespace: 'default' } };
  return { asked, attributes: new RegisteredAttributes(() => client as never) };
}

test('what is registered is asked for once in a minute; a name that is not known, sooner', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { asked, attributes } = namespace();
  expect(await attributes.types(['Customer'])).toEqual(new Map([['Customer', 'Keyword']]));
  await attributes.types(['Customer']);
  await attributes.types(['Order']);
  expect(asked.times).toBe(1);
  vi.advanceTimersByTime(2_000);
  asked.answer = { Customer: 2, Order: 3 };
  await attributes.types(['Customer']);
  expect(asked.times).toBe(1);
  expect((await attributes.types(['Order']))?.get('Order')).toBe('Int');
  vi.advanceTimersByTime(61_000);
  await attributes.types(['Order']);
  expect(asked.times).toBe(3);
});

test('one that Temporal does not tell is not known, and what it told before holds', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { asked, attributes } = namespace();
  asked.answer = new Error('PermissionDenied');
  expect(await attributes.types(['Customer'])).toBeUndefined();
  vi.advanceTimersByTime(2_000);
  asked.answer = { Customer: 2 };
  expect(await attributes.types(['Customer'])).toBeDefined();
  vi.advanceTimersByTime(61_000);
  asked.answer = new Error('Unavailable');
  expect(await attributes.types(['Customer'])).toEqual(new Map([['Customer', 'Keyword']]));
});
