import { type AgentCard, Extensions } from '@a2a-js/sdk';
import { ExtensionSupportRequiredError } from '@a2a-js/sdk/errors';
import type { ServerCallContext } from '@a2a-js/sdk/server';
import type { Request, Response } from 'express';
import { SNAPSHOTS_EXTENSION } from '../agents/extensions.ts';
import { type Call, callOf } from './call.ts';

const HEADER = 'A2A-Extensions';
/** Its name in v0.3. */
const OLDER_HEADER = 'X-A2A-Extensions';

/**
 * The call of a context once its extensions are agreed on: those that the client names, in the request or in its
 * message, and the card declares (A2A v1.0 §3.2.6, §4.6).
 * @throws ExtensionSupportRequiredError when the card requires one that the client does not name (§3.3.4).
 */
export function negotiated(
  context: ServerCallContext,
  card: AgentCard,
  message?: { extensions: string[] },
): Call {
  const call = callOf(context);
  const named = new Set([...(context.requestedExtensions ?? []), ...(message?.extensions ?? [])]);
  for (const { uri, required } of card.capabilities?.extensions ?? []) {
    if (named.has(uri)) activate(uri, context, call);
    else if (required) {
      throw new ExtensionSupportRequiredError(
        `This agent requires the extension ${uri}: name it in ${HEADER}`,
      );
    }
  }
  return call;
}

function activate(uri: string, context: ServerCallContext, call: Call): void {
  context.addActivatedExtension(uri);
  call.onActivated?.(uri);
  if (uri === SNAPSHOTS_EXTENSION) call.snapshots = true;
}

/** The extensions that a request names, by the header of either version. */
export const extensionsNamed = (req: Request): string[] =>
  [HEADER, OLDER_HEADER].flatMap((name) => Extensions.parseServiceParameter(req.get(name)));

/** Tells the client which of them are active, by the headers that it knows. */
export function tellActivated(req: Request, res: Response): (uri: string) => void {
  const active = new Set<string>();
  const headers = req.get(OLDER_HEADER) === undefined ? [HEADER] : [HEADER, OLDER_HEADER];
  return (uri) => {
    active.add(uri);
    for (const name of headers) res.setHeader(name, Extensions.toServiceParameter([...active]));
  };
}
