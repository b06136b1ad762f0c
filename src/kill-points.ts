/**
 * Ends the process, as kill -9 does, the first time it comes to a named point between two writes: a method of the
 * store or the engine, before it does its work or after. For tests of what a death there leaves behind.
 * @param at `<method>:before` or `<method>:after`; undefined leaves the target as it is.
 */
export function withKillPoint<T extends object>(target: T, at: string | undefined): T {
  const [method, moment] = at?.split(':') ?? [];
  if (method === undefined || !(method in target)) return target;
  return new Proxy(target, {
    get(of, name) {
      const value = Reflect.get(of, name, of);
      if (typeof value !== 'function') return value;
      const bound = value.bind(of);
      if (name !== method) return bound;
      return async (...args: unknown[]) => {
        if (moment === 'before') die();
        const result = await bound(...args);
        die();
        return result;
      };
    },
  });
}

const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
