import type { Json } from '../tasks/task.ts';

/**
 * A value made of another one. A string that is a path (`$.data.order.id`) stands for what lies there; `{{ $.text }}`
 * inside a string puts it into the string; lists and objects are mapped entry by entry; all else stands for itself.
 * What a path does not find is an error, unless the path ends in `?`: then it is left out of an object, is null in a
 * list and empty in a string. A string that begins with `$$` is that string with one `$`.
 */
export type Mapping = Json;

/** What paths lead into, by the first name after `$`. */
export type Roots = Record<string, unknown>;

/** A path that leads nowhere; the message names it. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
}

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\["([^"\\]+)"\]/y;

interface Path {
  text: string;
  steps: (string | number)[];
  optional: boolean;
}

/**
 * Maps what the roots hold.
 * @throws MappingError when a path that is not optional leads nowhere.
 */
export function mapped(mapping: Mapping, roots: Roots): Json {
  return valueAt(mapping, roots) ?? null;
}

/** The same as text: what is none is shown as JSON. Undefined for null, and for an optional path that leads nowhere. */
export function mappedText(mapping: string, roots: Roots): string | undefined {
  const value = mapped(mapping, roots);
  return value === null ? undefined : asText(value);
}

const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Undefined when it is an optional path that leads nowhere. */
function valueAt(mapping: Mapping, roots: Roots): Json | undefined {
  if (typeof mapping === 'string') return textOrValue(mapping, roots);
  if (Array.isArray(mapping)) return mapping.map((entry) => mapped(entry, roots));
  if (typeof mapping !== 'object' || mapping === null) return mapping;
  const entries = Object.entries(mapping).flatMap(([key, entry]) => {
    const value = valueAt(entry, roots);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

function textOrValue(mapping: string, roots: Roots): Json | undefined {
  if (mapping.startsWith('$$')) return mapping.slice(1);
  if (mapping.startsWith('$')) return follow(pathOf(mapping), roots);
  let text = '';
  let at = 0;
  for (const { from, to, path } of placesIn(mapping)) {
    const value = follow(pathOf(path), roots);
    text += mapping.slice(at, from) + (value === undefined ? '' : asText(value));
    at = to;
  }
  return text + mapping.slice(at);
}

interface Place {
  from: number;
  to: number;
  path: string;
}

const LINE_BREAK = /[\n\r\u2028\u2029]/g;

/** Each `{{ path }}` of a template, whose path is on one line. Reads each character once, whatever there is. */
function* placesIn(text: string): Generator<Place> {
  let at = 0;
  for (;;) {
    const from = text.indexOf('{{', at);
    const end = from === -1 ? -1 : text.indexOf('}}', from + 2);
    if (end === -1) return;
    const inner = text.slice(from + 2, end);
    const path = inner.trim();
    const last = [...path.matchAll(LINE_BREAK)].at(-1);
    if (last !== undefined) at = from + 3 + inner.indexOf(path) + last.index;
    else {
      at = end + 2;
      if (inner !== '') yield { from, to: at, path };
    }
  }
}

function follow({ text, steps, optional }: Path, roots: Roots): Json | undefined {
  let at: unknown = roots;
  for (const step of steps) {
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined;
  }
  if (at !== undefined) return at as Json;
  if (optional) return undefined;
  throw new MappingError(`${text} is missing`);
}

/** @throws MappingError when it is none. */
function pathOf(text: string): Path {
  const optional = text.endsWith('?');
  const body = optional ? text.slice(0, -1) : text;
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  while (body.startsWith('$') && STEP.lastIndex < body.length) {
    const found = STEP.exec(body);
    if (found === null) throw new MappingError(`${JSON.stringify(text)} is no path such as $.data.id`);
    const [, name, index, quoted] = found;
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index));
  }
  if (steps.length === 0) throw new MappingError(`${JSON.stringify(text)} is no path such as $.data.id`);
  return { text: body, steps, optional };
}

/**
 * What is wrong with a mapping, before there is anything to map: a path that is none, or that begins with a name
 * other than `roots`, or a `{{` that nothing closes. Undefined when nothing is.
 */
export function problemIn(mapping: Mapping, roots: readonly string[]): string | undefined {
  if (typeof mapping === 'string') {
    return unclosedIn(mapping) ?? firstProblem(pathsIn(mapping), (path) => problemOf(path, roots));
  }
  if (typeof mapping !== 'object' || mapping === null) return undefined;
  return firstProblem(Object.values(mapping), (entry) => problemIn(entry, roots));
}

function pathsIn(mapping: string): string[] {
  if (mapping.startsWith('$$')) return [];
  if (mapping.startsWith('$')) return [mapping];
  return [...placesIn(mapping)].map(({ path }) => path);
}

/** A place that was begun and would be shown as it is. */
function unclosedIn(mapping: string): string | undefined {
  if (mapping.startsWith('$')) return undefined;
  let at = 0;
  let rest = '';
  for (const { from, to } of placesIn(mapping)) {
    // Braces that a place parts are none.
    rest += `${mapping.slice(at, from)} `;
    at = to;
  }
  if (!(rest + mapping.slice(at)).includes('{{')) return undefined;
  return `${JSON.stringify(mapping)} has a {{ without a path and }}`;
}

function problemOf(path: string, roots: readonly string[]): string | undefined {
  try {
    const [first] = pathOf(path).steps;
    if (roots.includes(String(first))) return undefined;
    return `${path}: $ has no ${first}, but ${roots.join(', ')}`;
  } catch (error) {
    return (error as MappingError).message;
  }
}

function firstProblem<T>(
  values: readonly T[],
  problem: (value: T) => string | undefined,
): string | undefined {
  for (const value of values) {
    const found = problem(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
