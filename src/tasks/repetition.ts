/** One message id, one message. Pure. */
import { invalidParams } from '../errors.ts';
import { digestOf } from './message.ts';
import type { SendRequest } from './service.ts';

/** Null where a message id that comes again is another message. */
export const digestFor = ({ agent, message, taskId, contextId, once }: SendRequest): string | null =>
  agent.duplicateMessages === 'new-task' && !once ? null : digestOf(message, taskId, contextId);

/** @throws HostError `invalid_params` when a message id came before with something else. */
export function checkRepetition(request: SendRequest, digest: string): void {
  if (digest !== digestFor(request)) {
    throw invalidParams('message.messageId', 'was used before for a message with other content');
  }
}
