import type { RequestHandler, Response } from 'express';

/** As of now: why an agent is switched off; undefined when it is not. */
export type Refusals = () => Promise<(code: string) => string | undefined>;

/** The same while the record cannot be asked and nothing is known yet: what needs the record fails by itself. */
export const knownRefusals = (refusals: Refusals): ReturnType<Refusals> =>
  refusals().catch(() => () => undefined);

/** Answers calls of an agent that is switched off. */
export function refuseBlocked(
  refusals: Refusals,
  refuse: (res: Response, message: string) => void,
): RequestHandler {
  return async (req, res, next) => {
    const message = (await knownRefusals(refusals))(String(req.params.code));
    if (message === undefined) next();
    else refuse(res, message);
  };
}
