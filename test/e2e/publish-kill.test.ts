/** A host that dies while it publishes: what was published is all there, or nothing of it, and may be asked for again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGround, type TestGround } from '../support/ground.ts';
import { endAllProducts, type Product, runJson, runProduct, startProduct } from '../support/product.ts';
import { agentUrl, type Wire } from '../support/rpc.ts';

const FULL = Boolean(process.env.FULL);

/** The moment, what its card then answers, and whether publishing it again changes anything. */
const BEFORE = ['before', 404, true] as const;
const AFTER = ['after', 200, false] as const;

const agent = (code: string): Wire => ({
  code,
  name: 'Shouter',
  description: 'Says it louder.',
  version: '1.0.0',
  skills: [{ id: 'shout', name: 'Shout', description: 'Says it louder.', tags: ['voice'] }],
  plain: { workflowType: 'Shout', taskQueue: 'company', args: ['$.text'] },
});

describe('a host killed -9 while it', () => {
  let ground: TestGround;
  let folder: string;
  let file: string;
  let host: Product;

  beforeAll(async () => {
    ground = await startGround();
    folder = await mkdtemp(join(tmpdir(), 'agent-host-test-'));
    file = join(folder, 'agents.yaml');
  });

  afterEach(endAllProducts);
  afterAll(async () => {
    await ground?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (killAt?: string) => {
    host = await startProduct({ ...ground.env, ...(killAt === undefined ? {} : { KILL_AT: killAt }) });
  };
  const at = () => ({ AGENT_HOST_URL: host.url });
  const killedBy = async (...args: string[]) => {
    const { code, stderr } = await runProduct(args, at());
    expect(code).not.toBe(0);
    // What its user is to know: nobody answers any more.
    expect(stderr).not.toMatch(/\bat .*\.js:\d+/);
    expect(await host.exited).toEqual({ code: null, signal: 'SIGKILL' });
  };
  const card = async (code: string): Promise<number> =>
    (await fetch(`${agentUrl(host.url, code)}/.well-known/agent-card.json`)).status;
  const audited = async (code: string): Promise<string[]> => {
    const { entries } = (await (await fetch(`${host.url}/v1/admin/audit?limit=100`)).json()) as Wire;
    return entries
      .filter(({ event, detail }: Wire) => /^agent-(un)?publish$/.test(event) && detail.id === code)
      .map(({ event }: Wire) => event)
      .reverse();
  };

  it.each(FULL ? [BEFORE, AFTER] : [AFTER])(
    'publishes, %s it is written',
    async (moment, status, changed) => {
      const code = `shouter-${moment}`;
      await writeFile(file, JSON.stringify({ agents: [agent(code), agent(`${code}-too`)] }));
      await start(`publish:${moment}`);
      await killedBy('publish', file);
      await start();
      expect([await card(code), await card(`${code}-too`)]).toEqual([status, status]);
      const { agents } = await runJson(['publish', file], at());
      expect(agents.map((each: Wire) => each.changed)).toEqual([changed, changed]);
      expect(await card(code)).toBe(200);
      expect(await audited(code)).toEqual(['agent-publish']);
    },
  );

  it.runIf(FULL).each(['before', 'after'] as const)('unpublishes, %s it is written', async (moment) => {
    const code = `whisperer-${moment}`;
    await writeFile(file, JSON.stringify({ agents: [agent(code)] }));
    await start(`unpublish:${moment}`);
    await runJson(['publish', file], at());
    await killedBy('unpublish', code);
    await start();
    await runJson(['unpublish', code], at());
    expect(await audited(code)).toEqual(['agent-publish', 'agent-unpublish']);
  });
});
