import { z } from 'zod';
import { AGENT_SURFACE_PATH } from '../agents/cards.ts';
import type { CommandContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './failure.ts';
import { findTaskHome } from './remote/find-task.ts';
import { hostFetch } from './remote/http.ts';
import { table } from './show/text.ts';
import type { TaskOptions } from './tasks.ts';

const answerSchema = z.object({
  deliveries: z.array(
    z.object({
      id: z.string(),
      url: z.string(),
      state: z.string(),
      delivered: z.number(),
      version: z.number(),
      failures: z.number(),
      failingSince: z.string().optional(),
      dueAt: z.string().optional(),
      problem: z.string().optional(),
    }),
  ),
});

type Delivery = z.output<typeof answerSchema>['deliveries'][number];

/** Shows how far the task's webhooks were told; fails when one was given up before it was told everything. */
export async function showPush(
  context: CommandContext,
  id: string,
  { agent }: TaskOptions,
): Promise<ExitCode> {
  const { output, url } = context;
  const { code } = await findTaskHome(context, id, agent);
  const path = `${AGENT_SURFACE_PATH}/${encodeURIComponent(code)}/tasks/${encodeURIComponent(id)}/deliveries`;
  const response = await hostFetch(context)(`${url}${path}`);
  const answer = answerSchema.safeParse(await response.json());
  if (!answer.success) throw new CliError(`The agent ${code} has no task ${id}.`);
  const { deliveries } = answer.data;
  output.object(answer.data);
  if (deliveries.length === 0) output.text('The task has no push configs.');
  else output.text(...table(['config', 'state', 'told', 'url', 'remark'], deliveries.map(row), output.width));
  return deliveries.some(isLost) ? EXIT.failed : EXIT.ok;
}

const isLost = ({ state, delivered, version }: Delivery): boolean =>
  (state === 'gone' || state === 'expired') && delivered < version;

const row = (delivery: Delivery): string[] => [
  delivery.id,
  delivery.failures > 0 && delivery.state === 'live' ? 'failing' : delivery.state,
  `${delivery.delivered} of ${delivery.version} changes`,
  delivery.url,
  remarkOn(delivery),
];

function remarkOn({ problem, failingSince, dueAt }: Delivery): string {
  if (problem === undefined) return '';
  const since = failingSince === undefined ? '' : `, since ${failingSince}`;
  return `${problem}${since}${dueAt === undefined ? '' : `, next try ${dueAt}`}`;
}
