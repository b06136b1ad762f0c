import { isDeepStrictEqual } from 'node:util';
import { type OpenApiOperation, openApiDocument } from '../../src/openapi/document.ts';
import type { DescribedSurface, Operation } from '../../src/openapi/operation.ts';
import { DESCRIBED } from '../../src/surfaces.ts';
import type { Answer } from './rpc.ts';

interface Route extends Pick<DescribedSurface, 'refusal'> {
  method: string;
  pattern: RegExp;
  operation: Operation;
  /** As the document has it. */
  shown: OpenApiOperation | undefined;
}

const { paths } = openApiDocument(DESCRIBED, { url: 'http://127.0.0.1', version: '0' });

const ROUTES: Route[] = DESCRIBED.flatMap(({ surface, operations, refusal }) =>
  surface.routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${surface.path}${path.replaceAll(/:\w+/g, '[^/]+')}$`),
    operation: operations[`${method} ${path}`] as Operation,
    shown: paths[`${surface.path}${path.replaceAll(/:(\w+)/g, '{$1}')}`]?.[method],
    refusal,
  })),
);

/**
 * An answer as it came, when it is what the document says of its route: a status of it, and a body that fits its schema and
 * has no field besides. What is no route of the document is not looked at.
 * @throws Error saying what is not described.
 */
export function asDescribed(method: string, url: string, answer: Answer): Answer {
  const { pathname } = new URL(url);
  const verb = method.toLowerCase();
  const route = ROUTES.find((each) => each.method === verb && each.pattern.test(pathname));
  if (route === undefined) return answer;
  const problem = problemOf(route, answer);
  if (problem === undefined) return answer;
  throw new Error(`${method} ${pathname} ${answer.status}: ${problem}\n${JSON.stringify(answer.body)}`);
}

function problemOf(route: Route, { status, headers, body }: Answer): string | undefined {
  const { operation, refusal, shown } = route;
  if (shown?.responses[status] === undefined) return 'this status is not described';
  if (headers.get('content-type')?.startsWith('text/event-stream')) return undefined;
  const told = operation.answers[status];
  if (told !== undefined && told.json === undefined) return undefined;
  const schema = told?.json ?? refusal;
  const { success, data, error } = schema.safeParse(body);
  if (!success) return error.message;
  return isDeepStrictEqual(plain(data), plain(body)) ? undefined : 'it has fields that are not described';
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
