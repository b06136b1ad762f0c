import type { z } from 'zod';
import type { GuardedSurface } from '../auth/guard.ts';
import type { InnerObjects } from './nulls.ts';

/** What a route answers with one status. */
export interface OperationAnswer {
  /** The JSON body; none when all are absent. */
  json?: z.ZodType;
  /** The data of each server-sent event. */
  events?: z.ZodType;
  /** Each line of a JSON object a line. */
  lines?: z.ZodType;
}

/** A route as its clients see it. What follows from its path, its scope and its fields here need not be said. */
export interface Operation {
  /** Its name, one of its kind in the whole document. */
  id: string;
  summary: string;
  body?: z.ZodType;
  /** A body that does something, as it would be pasted. */
  example?: object;
  query?: z.ZodObject;
  answers: Record<number, OperationAnswer>;
  /** Statuses of its refusals beside those of every route of its kind. */
  refusals?: readonly number[];
  /** It takes an Idempotency-Key. */
  keyed?: true;
}

/** Operations by method and path, as the guard has them: `post /agents/:agent_id/invoke`. */
export type Operations = Record<string, Operation>;

/** A surface and what there is to say of its routes. */
export interface DescribedSurface {
  /** How its operations are grouped. */
  tag: string;
  surface: Pick<GuardedSurface, 'path' | 'routes'>;
  operations: Operations;
  /** The schemas that have a name of their own. */
  schemas: Record<string, z.ZodType>;
  /** The body of a refusal. */
  refusal: z.ZodType;
  /** Fields of its bodies that are null are absent, and so are those of these objects in them. */
  nullIsAbsent?: InnerObjects;
}

export const answers = (json: z.ZodType, status: 200 | 201 | 202 = 200): Record<number, OperationAnswer> => ({
  [status]: { json },
});
