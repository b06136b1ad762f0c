import type { GuardedSurface } from './guard.ts';

export type Body = (status: number, message: string) => object;

export const plainBody: Body = (status, message) => ({ message, status });

/** How the surface of a path tells a refusal: also of one that cannot be read, or that no route is at. */
export function refusalBodies(surfaces: readonly GuardedSurface[]): (path: string) => Body {
  const routes = surfaces.flatMap(({ path, routes, body = plainBody }) =>
    routes.map((route) => ({ fits: patternOf(`${path.replace(/\/$/, '')}${route.path}`), body })),
  );
  const within = [...surfaces]
    .sort((a, b) => b.path.length - a.path.length)
    .filter(({ path }) => path !== '/')
    .map(({ path, body = plainBody }) => ({ fits: new RegExp(`^${literal(path)}(/|$)`, 'i'), body }));
  return (path) => [...routes, ...within].find(({ fits }) => fits.test(path))?.body ?? plainBody;
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A route's path as Express takes it, for paths as they came, which need not be readable. */
function patternOf(path: string): RegExp {
  const pattern = path.replace(/\\(.)|([:*])\w+|[{}]|[.+?^$()|[\]]/g, (token, escaped, name) => {
    if (escaped !== undefined) return literal(escaped);
    if (name !== undefined) return name === ':' ? '[^/]+' : '.+';
    return token === '{' ? '(?:' : token === '}' ? ')?' : literal(token);
  });
  return new RegExp(`^${pattern}/?$`, 'i');
}
