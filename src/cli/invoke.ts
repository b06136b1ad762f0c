import { z } from 'zod';
import type { TaskState } from '../tasks/task.ts';
import type { CommandContext } from './context.ts';
import { CliError, type ExitCode } from './failure.ts';
import { hostFetch, RefusedError } from './remote/http.ts';
import { exitOfState } from './show/task.ts';
import { indent, plain } from './show/text.ts';

export interface InvokeOptions {
  region?: string;
  confirmRisky?: boolean;
  task?: string;
}

const answerSchema = z
  .object({
    receipt_id: z.string().optional(),
    task_id: z.string().optional(),
    status: z.string(),
    message: z.string().optional(),
    output: z.unknown().optional(),
  })
  .loose();

/** Calls an agent through the gateway. @throws CliError with what policy says against it. */
export async function invoke(
  context: CommandContext,
  code: string,
  message: string,
  { region, confirmRisky, task }: InvokeOptions,
): Promise<ExitCode> {
  const body = { message, region, confirm_risky: confirmRisky, task_id: task };
  const url = `${context.url}/v1/agents/${encodeURIComponent(code)}/invoke`;
  const response = await hostFetch(context)(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    // Its own words say which rule it was; a key with another scope would not help.
    throw error instanceof RefusedError && error.status === 403 ? new CliError(error.message) : error;
  });
  const answer = answerSchema.parse(await response.json());
  context.output.object(answer);
  context.output.text(...linesOf(answer));
  return exitOfState((answer.status === 'running' ? 'working' : answer.status) as TaskState);
}

function linesOf({ receipt_id, task_id, status, message, output }: z.output<typeof answerSchema>): string[] {
  const said = message === undefined ? status : `${status}: ${message}`;
  return [
    ...(task_id === undefined ? [] : [`task ${plain(task_id)}`]),
    plain(said),
    ...(output === undefined ? [] : [indent(plain(JSON.stringify(output, null, 2)))]),
    ...(receipt_id === undefined ? [] : [`receipt ${plain(receipt_id)}`]),
  ];
}
