import { writeFile } from 'node:fs/promises';
import { draftAgentsFile } from '../agents/draft.ts';
import { type Config, readConfig } from '../config.ts';
import type { SeenWorkflow } from '../temporal/seen-workflows.ts';
import type { CommandContext } from './context.ts';
import { CliError, EXIT, type ExitCode, usageError } from './failure.ts';

export interface DiscoverOptions {
  namespace?: string;
  /** Where the draft goes; nothing is written without. */
  out?: string;
}

/**
 * Lists the workflow types and task queues of a Temporal namespace, and drafts an `agents.yaml` of them.
 * @throws CliError when no Temporal is named, or the draft's file is there already; HostError `unavailable`.
 */
export async function discover(
  { env, output }: CommandContext,
  { namespace, out }: DiscoverOptions,
): Promise<ExitCode> {
  const config = readConfig({ ...env, ...(namespace && { TEMPORAL_NAMESPACE: namespace }) });
  const { TEMPORAL_ADDRESS } = config;
  if (TEMPORAL_ADDRESS === undefined) {
    throw usageError('TEMPORAL_ADDRESS: must name the Temporal to look at.');
  }
  const seen = await seenIn(config, TEMPORAL_ADDRESS);
  output.object({ workflows: seen });
  const lines = seen.map(
    ({ workflowType, taskQueue, count, child }) =>
      `${workflowType} on ${taskQueue}: ${count}${child ? ', begun by other workflows' : ''}`,
  );
  output.text(...(lines.length === 0 ? ['No workflow was seen.'] : lines));
  if (out !== undefined && seen.length > 0) {
    await writeNew(out, draftAgentsFile(seen));
    output.note(`Wrote ${out}. Go over it, and put it into the folder of WORKFLOWS.`);
  }
  return EXIT.ok;
}

async function seenIn(config: Config, address: string): Promise<SeenWorkflow[]> {
  const [{ connectTemporal }, { seenWorkflows }, { Client }] = await Promise.all([
    import('../temporal/connection.ts'),
    import('../temporal/seen-workflows.ts'),
    import('@temporalio/client'),
  ]);
  const connection = await connectTemporal(config, address);
  try {
    return await seenWorkflows(new Client({ connection, namespace: config.TEMPORAL_NAMESPACE }));
  } finally {
    await connection.close();
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    // What somebody has gone over already is not to be lost.
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(`${file} is there already.`, { cause: error });
  }
}
