import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { currentEverywhere, makeCurrent } from '../../src/temporal/deployment.ts';

const [IN_PROGRESS, COMPLETED] = [1, 2];

/** A server that answers a description each time, the last one for ever, and refuses a version so many times. */
function serverThat(
  states: number[],
  { refuses = 0, changed = new Date() } = {},
): { client: Client; made: string[] } {
  const made: string[] = [];
  const workflowService = {
    describeWorkerDeployment: async () => ({
      workerDeploymentInfo: {
        routingConfigUpdateState: states.length > 1 ? states.shift() : states[0],
        routingConfig: { currentVersionChangedTime: { seconds: changed.getTime() / 1_000 } },
      },
    }),
    setWorkerDeploymentCurrentVersion: async ({ buildId }: { buildId: string }) => {
      if (refuses-- > 0) throw new Error('no poller of it was seen');
      made.push(buildId);
    },
  };
  return { client: { options: { namespace: 'default' }, workflowService } as unknown as Client, made };
}

const never = new AbortController().signal;

describe('a version of the deployment', () => {
  it('is made current once the server has seen its workers', async () => {
    const { client, made } = serverThat([COMPLETED], { refuses: 2 });
    await makeCurrent(client, 'b1', never);
    expect(made).toEqual(['b1']);
  });

  it('is waited for until all of the server knows it', async () => {
    const { client } = serverThat([IN_PROGRESS, IN_PROGRESS, COMPLETED]);
    expect(await currentEverywhere(client, never)).toBe(true);
  });

  it('is not waited for without end where the server never says so', async () => {
    // Long enough for it, but for the last moment.
    const server = serverThat([IN_PROGRESS], { changed: new Date(Date.now() - 4_800) });
    expect(await currentEverywhere(server.client, never)).toBe(false);
  });

  it('is not waited for again by a host that starts again', async () => {
    const server = serverThat([IN_PROGRESS, COMPLETED], { changed: new Date(Date.now() - 60_000) });
    expect(await currentEverywhere(server.client, never)).toBe(false);
  });

  it('is not waited for by a host that stops', async () => {
    const stop = new AbortController();
    const waiting = currentEverywhere(serverThat([IN_PROGRESS]).client, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow(/aborted/);
  });
});
