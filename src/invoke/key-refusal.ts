import type { IdempotencyOptions } from '../idempotency/middleware.ts';
import { answerError } from '../web/json-body.ts';

/** How it is told here that an Idempotency-Key is not taken: in HTTP's words, as 401 and 429 are. */
export const refuseKey: IdempotencyOptions['refuse'] = (res, { status, message, retryAfterS }) => {
  if (retryAfterS !== undefined) res.setHeader('Retry-After', String(retryAfterS));
  answerError(res, status, message);
};
