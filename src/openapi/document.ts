/** The HTTP facades as OpenAPI 3.1, from the schemas that read their bodies. Pure. */
import { z } from 'zod';
import type { RouteAccess } from '../auth/guard.ts';
import { type InnerObjects, type JsonSchema, withNulls } from './nulls.ts';
import type { DescribedSurface, Operation, OperationAnswer } from './operation.ts';

export interface DocumentAbout {
  /** Where clients reach the host. */
  url: string;
  version: string;
  /** Where the issuer of access tokens is found out about, if any are taken. */
  openIdConnectUrl?: string | undefined;
}

/** An OpenAPI document, as far as its page reads it. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

export interface OpenApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters?: OpenApiParameter[];
  requestBody?: { required: true; content: Content };
  responses: Record<string, { description: string; headers?: Record<string, object>; content?: Content }>;
}

interface OpenApiParameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: object;
}

type Content = Record<string, { schema: object; example?: object }>;

/** @throws Error naming a route that nothing is said of, or a schema without a name. */
export function openApiDocument(
  surfaces: readonly DescribedSurface[],
  about: DocumentAbout,
): OpenApiDocument {
  const named = new Map<z.ZodType, string>(
    surfaces.flatMap(({ schemas }) => Object.entries(schemas).map(([name, schema]) => [schema, name])),
  );
  const securitySchemes = securitySchemesOf(about);
  const paths: OpenApiDocument['paths'] = {};
  for (const described of surfaces) {
    for (const route of described.surface.routes) {
      const shown = `${described.surface.path}${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
      const operation = operationOf(route, { described, named, schemes: Object.keys(securitySchemes) });
      paths[shown] = { ...paths[shown], [route.method]: operation };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'workflow-agent-host',
      version: about.version,
      description: 'Agents that are called over HTTP, what their calls have left, and who may call what.',
    },
    servers: [{ url: about.url }],
    tags: surfaces.map(({ tag }) => ({ name: tag })),
    paths,
    components: { schemas: componentsOf(named, nullableBodies(surfaces)), securitySchemes },
  };
}

function securitySchemesOf({ openIdConnectUrl }: DocumentAbout): Record<string, object> {
  return {
    apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
    bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or an access token.' },
    ...(openIdConnectUrl === undefined
      ? {}
      : {
          dpop: { type: 'http', scheme: 'dpop', description: 'An access token bound by DPoP (RFC 9449).' },
          openIdConnect: { type: 'openIdConnect', openIdConnectUrl },
        }),
  };
}

const PLACE = '#/components/schemas/';

/** The bodies in which null is absent, with the objects in them of which the same holds. */
const nullableBodies = (surfaces: readonly DescribedSurface[]): Map<z.ZodType, InnerObjects> =>
  new Map(
    surfaces.flatMap(({ operations, nullIsAbsent }) =>
      Object.values(operations).flatMap(({ body }): [z.ZodType, InnerObjects][] =>
        body === undefined || nullIsAbsent === undefined ? [] : [[body, nullIsAbsent]],
      ),
    ),
  );

function componentsOf(
  named: ReadonlyMap<z.ZodType, string>,
  nullable: ReadonlyMap<z.ZodType, InnerObjects>,
): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of named) registry.add(schema, { id });
  // As a client writes it, and open for the fields that later versions add to what it reads.
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${PLACE}${id}`, ...AS_WRITTEN });
  const shown = [...named].map(([schema, id]) => {
    const written = withoutIds(schemas[id] ?? {});
    const inner = nullable.get(schema);
    return [id, inner === undefined ? written : withNulls(written, inner)];
  });
  return Object.fromEntries(shown);
}

const AS_WRITTEN = { io: 'input', unrepresentable: 'any' } as const;

function withoutIds({ $schema: _, $id: __, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

interface Context {
  described: DescribedSurface;
  named: ReadonlyMap<z.ZodType, string>;
  schemes: string[];
}

function operationOf({ method, path, needs }: RouteAccess, context: Context): OpenApiOperation {
  const { described, named, schemes } = context;
  const operation = described.operations[`${method} ${path}`];
  if (operation === undefined) throw new Error(`${method} ${described.surface.path}${path} is not described`);
  const { id, summary, body, example, query, keyed } = operation;
  const open = needs === 'public' || needs === 'optional';
  const parameters = [
    ...pathParameters(path),
    ...(query ? queryParameters(query) : []),
    ...(keyed ? [KEY_PARAMETER] : []),
  ];
  return {
    operationId: id,
    tags: [described.tag],
    summary,
    description: whatItNeeds(needs),
    security: open ? [] : schemes.map((scheme) => ({ [scheme]: needs === 'caller' ? [] : [needs] })),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body && {
      requestBody: {
        required: true as const,
        content: { 'application/json': { schema: refTo(body, named), ...(example && { example }) } },
      },
    }),
    responses: {
      ...responsesOf(operation, named),
      ...refusalsOf({ ...operation, open, within: path.includes(':') }, described.refusal, named),
    },
  };
}

function whatItNeeds(needs: RouteAccess['needs']): string {
  if (needs === 'caller') return 'Needs a credential, and no scope.';
  return needs === 'public' || needs === 'optional'
    ? 'Needs no credential.'
    : `Needs the scope \`${needs}\`.`;
}

function responsesOf({ answers, keyed }: Operation, named: Context['named']): OpenApiOperation['responses'] {
  const headers = keyed && { headers: { 'Idempotent-Replayed': REPLAYED } };
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [
      status,
      { description: SAYS[Number(status)] ?? '', ...headers, ...contentOf(answer, named) },
    ]),
  );
}

function contentOf({ json, events, lines }: OperationAnswer, named: Context['named']): { content?: Content } {
  if (json === undefined && events === undefined && lines === undefined) return {};
  return {
    content: {
      ...(json && { 'application/json': { schema: refTo(json, named) } }),
      ...(lines && { 'application/x-ndjson': { schema: refTo(lines, named) } }),
      ...(events && { 'text/event-stream': { schema: refTo(events, named) } }),
    },
  };
}

function refusalsOf(
  operation: Operation & { open: boolean; within: boolean },
  refusal: z.ZodType,
  named: Context['named'],
): OpenApiOperation['responses'] {
  const schema = refTo(refusal, named);
  const statuses = refusalStatuses(operation).sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: SAYS[status] ?? '',
        ...(BUSY.has(status) ? { headers: { 'Retry-After': { schema: { type: 'integer' } } } } : {}),
        content: { 'application/json': { schema } },
      },
    ]),
  );
}

/** Those of every route of its kind, and its own. */
function refusalStatuses(operation: Operation & { open: boolean; within: boolean }): number[] {
  const { body, query, keyed, open, within, refusals = [] } = operation;
  return [
    ...new Set([
      ...(open ? [] : [401, 403, 429, 503]),
      ...(body ? [400, 413, 415] : []),
      ...(query || keyed ? [400] : []),
      ...(within ? [404] : []),
      ...(keyed ? [409, 422] : []),
      ...refusals,
      500,
    ]),
  ];
}

const BUSY: ReadonlySet<number> = new Set([429, 503]);

const SAYS: Record<number, string> = {
  200: 'Done',
  201: 'Made',
  202: 'Accepted',
  204: 'Done; there is nothing to say',
  400: 'The request is malformed; the message names the field',
  401: 'There is no credential, or a bad one',
  403: 'The credential lacks the scope, or policy refuses',
  404: 'It does not exist, for this caller',
  409: 'It is not in a state for this, it exists already, or the Idempotency-Key is in use',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'It cannot be done with these values, or the Idempotency-Key was used for another body',
  429: 'A limit is reached',
  500: 'Our fault; the message holds an id that the log has',
  502: 'The agent could not be reached, or failed',
  503: 'The host has as much to do as it takes, or is stopping, or a server that it needs does not answer',
  504: 'The agent has not answered in time',
};

const REPLAYED = {
  description: 'The answer to an earlier request with this Idempotency-Key.',
  schema: { const: 'true' },
};

const KEY_PARAMETER: OpenApiParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'For 24 hours the same key, from the same caller, gets the same answer, and nothing is done again.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function refTo(schema: z.ZodType, named: Context['named']): object {
  const name = named.get(schema);
  if (name === undefined) throw new Error('a schema has no name');
  return { $ref: `${PLACE}${name}` };
}

const pathParameters = (path: string): OpenApiParameter[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

const queryParameters = (query: z.ZodObject): OpenApiParameter[] =>
  Object.entries(query.shape).map(([name, field]) => {
    const { description, ...schema } = z.toJSONSchema(field as z.ZodType, AS_WRITTEN);
    return {
      name,
      in: 'query',
      required: false,
      ...(description && { description }),
      schema: withoutIds(schema),
    };
  });
