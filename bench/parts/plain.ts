import { compare, type Figures } from '../compare.ts';
import type { Row } from '../report.ts';
import { sendRequest } from '../rpc-requests.ts';
import { httpContestant, type Setting } from '../setting.ts';
import { figureRows, inShort } from './rows.ts';
import { startTemporalBaselines, temporalContestant } from './send.ts';

const EXECUTE = 'execute of the same workflow';

/** A blocking send to a workflow that knows nothing of tasks, beside that workflow alone. */
export async function plain({ servers, product, load }: Setting): Promise<Row[]> {
  const baselines = await startTemporalBaselines(servers);
  const ours = httpContestant('ours', load, {
    requests: [sendRequest(product.url, 'bench-plain')],
    expect: '"TASK_STATE_COMPLETED"',
  });
  try {
    const each = { clients: 1, ms: 2_000 };
    const figures = await compare([ours, temporalContestant(EXECUTE, baselines.plain, 'execute')], each);
    return figureRows(
      `blocking send to a plain workflow, ${inShort(each.clients)}`,
      figures.get('ours') as Figures,
      [
        {
          name: EXECUTE,
          figures: figures.get(EXECUTE) as Figures,
          targets: { p50: { of: 'ratio', atMost: 2.5 } },
        },
      ],
    );
  } finally {
    await baselines.end();
  }
}
