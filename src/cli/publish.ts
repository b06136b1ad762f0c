import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parsedAgents } from '../agents/agents-file.ts';
import { messageOf } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { CliError, EXIT, type ExitCode, usageError } from './failure.ts';
import { hostFetch } from './remote/http.ts';

const ROUTE = '/v1/admin/agents';

const publishedSchema = z.object({
  agents: z.array(z.object({ agent_id: z.string(), version: z.string(), changed: z.boolean() })),
});

/** Publishes the agents of a file as of an `agents.yaml`; needs an admin's key where the host asks for keys. */
export async function publish(context: CommandContext, file: string): Promise<ExitCode> {
  const { output } = context;
  const body = JSON.stringify(await read(file));
  const response = await send(context, ROUTE, { method: 'POST', body });
  const { agents } = publishedSchema.parse(await response.json());
  output.object({ agents });
  output.text(
    ...agents.map(
      ({ agent_id, version, changed }) =>
        `${agent_id} ${version} ${changed ? 'is published' : 'was published already'}`,
    ),
  );
  return EXIT.ok;
}

/** Takes an agent back: no task begins any more, and when those under way have ended it is gone; what they said can be read. */
export async function unpublish(context: CommandContext, code: string): Promise<ExitCode> {
  const { output } = context;
  const response = await send(context, `${ROUTE}/${encodeURIComponent(code)}`, { method: 'DELETE' });
  output.object((await response.json()) as object);
  output.text(`${code} takes no new tasks; when those under way have ended it is gone`);
  return EXIT.ok;
}

async function read(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    return parsedAgents(text);
  } catch (error) {
    throw usageError(`${file}: ${messageOf(error)}`);
  }
}

const send = (context: CommandContext, path: string, init: RequestInit): Promise<Response> =>
  hostFetch(context)(`${context.url}${path}`, {
    ...init,
    headers: { 'Content-Type': 'application/json' },
  });
