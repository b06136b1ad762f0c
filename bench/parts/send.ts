import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from '../../src/temporal/bundle.ts';
import type { TemporalLoad, TemporalSetup } from '../baselines/temporal.ts';
import { type Child, startChild } from '../child.ts';
import { type Contestant, compare, type Figures } from '../compare.ts';
import type { Slice } from '../load/closed-loop.ts';
import type { Row, Target } from '../report.ts';
import { sendRequest } from '../rpc-requests.ts';
import { httpContestant, type Servers, type Setting } from '../setting.ts';
import { figureRows, inShort } from './rows.ts';

const PLAIN = 'execute on a plain connection';
const EAGER = 'execute, eager';

type Targets = Partial<Record<keyof Figures, Target>>;

const LOADS: { clients: number; ms: number; plain: Targets; eager: Targets }[] = [
  {
    clients: 1,
    ms: 1_500,
    plain: { p50: { of: 'ratio', atMost: 0.4 } },
    eager: { p50: { of: 'ratio', atMost: 1.6 } },
  },
  {
    clients: 50,
    ms: 2_000,
    plain: { throughput: { of: 'ratio', atLeast: 0.9 } },
    eager: { throughput: { of: 'ratio', atLeast: 0.8 } },
  },
];

/** A blocking send to an empty workflow. */
export async function send({ servers, product, load }: Setting): Promise<Row[]> {
  const { plain, eager, end } = await startTemporalBaselines(servers);
  const ours = httpContestant('ours', load, {
    requests: [sendRequest(product.url, 'bench-empty')],
    expect: '"TASK_STATE_COMPLETED"',
  });
  try {
    const rows: Row[] = [];
    for (const each of LOADS) {
      const contestants = [
        ours,
        temporalContestant(PLAIN, plain, 'execute'),
        temporalContestant(EAGER, eager, 'execute'),
      ];
      const figures = await compare(contestants, each);
      rows.push(
        ...figureRows(`blocking send, ${inShort(each.clients)}`, figures.get('ours') as Figures, [
          { name: PLAIN, figures: figures.get(PLAIN) as Figures, targets: each.plain },
          { name: EAGER, figures: figures.get(EAGER) as Figures, targets: each.eager },
        ]),
      );
    }
    return rows;
  } finally {
    await end();
  }
}

export const temporalContestant = (
  name: string,
  process: Child,
  operation: TemporalLoad['operation'],
): Contestant => ({
  name,
  run: (clients, ms) => process.ask<Slice>({ operation, clients, ms } satisfies TemporalLoad),
});

/** A client and a worker in processes of their own, and a process that is both. */
export async function startTemporalBaselines({ temporalAddress: address }: Servers) {
  const { code } = await bundleWorkflows({
    workflowFiles: [fileURLToPath(new URL('../baselines/workflows.ts', import.meta.url))],
  });
  const start = (role: TemporalSetup['role'], taskQueue: string) =>
    startChild(new URL('../baselines/temporal.ts', import.meta.url), {
      role,
      address,
      taskQueue,
      code,
    } satisfies TemporalSetup);
  const processes = await Promise.all([
    start('client', 'bench-plain'),
    start('worker', 'bench-plain'),
    start('both', 'bench-eager'),
  ]);
  const [plain, , eager] = processes;
  return { plain, eager, end: () => Promise.all(processes.map((process) => process.end())) };
}
