import { z } from 'zod';
import { type Check, DEADLINE_MS, note, ok, reasonOf, wrong } from './check.ts';

const readinessSchema = z.object({
  status: z.enum(['ready', 'not-ready']),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), error: z.string().optional() })),
  stuck: z
    .array(
      z.union([
        z.object({ task: z.string(), agent: z.string(), problem: z.string() }),
        z.object({ queue: z.string(), agents: z.array(z.string()), problem: z.string() }),
      ]),
    )
    .default([]),
});

export interface HostQuestion {
  url: string;
  /** The user named the URL, so a host should be there; otherwise none need be running. */
  expected: boolean;
}

/** Whether a host answers, and what it says of the things it stands on. */
export async function checkHost({ url, expected }: HostQuestion): Promise<Check[]> {
  let alive: Response;
  try {
    alive = await get(`${url}/healthz`);
  } catch (error) {
    return [notRunning(url, expected, error)];
  }
  if (!alive.ok) return [noHost(url)];
  return checkReadiness(url);
}

async function checkReadiness(url: string): Promise<Check[]> {
  try {
    const answer = await get(`${url}/readyz`);
    const { status, checks, stuck } = readinessSchema.parse(await answer.json());
    const host = status === 'ready' ? ok('host', `${url} is ready`) : wrong('host', `${url} is not ready`);
    const parts = Object.entries(checks).map(([name, check]) => partCheck(name, check));
    return [host, ...parts, ...stuck.map(stuckCheck)];
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return [noHost(url)];
    return [wrong('host', `${url}/readyz: ${why(error)}`, 'Look into the log of the host.')];
  }
}

function partCheck(name: string, check: { ok: boolean; error?: string | undefined }): Check {
  if (check.ok) return ok(`host: ${name}`, 'answers the host');
  return wrong(`host: ${name}`, check.error ?? 'does not answer the host', 'Look into the log of the host.');
}

function stuckCheck(stuck: z.infer<typeof readinessSchema>['stuck'][number]): Check {
  if ('queue' in stuck) {
    const { queue, agents, problem } = stuck;
    return wrong(
      'task queue',
      `${queue}: tasks of ${agents.join(', ')} wait: ${problem}`,
      'Start its worker; the tasks go on by themselves.',
    );
  }
  const { task, agent, problem } = stuck;
  return wrong(
    'task',
    `${task} of ${agent} cannot go on: ${problem}`,
    'Deploy code that can replay it (its former code, as a rule), or terminate its workflow.',
  );
}

const get = (url: string): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });

const noHost = (url: string): Check =>
  wrong('host', `what answers at ${url} is not an agent host`, 'Give --url, or stop what uses the port.');

function notRunning(url: string, expected: boolean, error: unknown): Check {
  const detail = `not running: ${url}: ${why(error)}`;
  const hint = 'Start it with `npm start`, or give --url.';
  return expected ? wrong('host', detail, hint) : note('host', detail, hint);
}

function why(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer within ${DEADLINE_MS / 1000} s`;
  return reasonOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
