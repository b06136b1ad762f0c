import { type Bag, isBag, type RpcRequest } from './dialects.ts';

/**
 * A v1.0 request with each field under its JSON name: protobuf's JSON mapping has readers take the proto's own names,
 * `task_id` for `taskId`, too. What is the client's own (metadata, data) stays as it is. Pure.
 */
export function withJsonNames(request: RpcRequest): RpcRequest {
  if (!isBag(request.params)) return request;
  const params = inside(named(request.params), {
    configuration: (configuration) =>
      inside(named(configuration), { taskPushNotificationConfig: (config) => named(config) }),
    message: (message) => {
      const known = named(message);
      return Array.isArray(known.parts)
        ? { ...known, parts: known.parts.map((part) => (isBag(part) ? named(part) : part)) }
        : known;
    },
  });
  return { ...request, params };
}

function inside(bag: Bag, fields: Record<string, (value: Bag) => Bag>): Bag {
  const changed = { ...bag };
  for (const [name, change] of Object.entries(fields)) {
    const value = changed[name];
    if (isBag(value)) changed[name] = change(value);
  }
  return changed;
}

function named(bag: Bag): Bag {
  const entries = Object.entries(bag);
  const others = entries.filter(([key]) => key.includes('_'));
  if (others.length === 0) return bag;
  // Where both are given the JSON name counts: it comes last.
  return {
    ...Object.fromEntries(others.map(([key, value]) => [jsonName(key), value])),
    ...Object.fromEntries(entries.filter(([key]) => !key.includes('_'))),
  };
}

const jsonName = (key: string): string =>
  key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
