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
  const sendTo = (code: string) =>
    httpContestant(code, load, {
      requests: [sendRequest(product.url, code)],
      expect: '"TASK_STATE_COMPLETED"',
    });
  const alone = temporalContestant(EXECUTE, baselines.plain, 'execute');
  try {
    // Writes take now twice as long as a few seconds later: it is many short rounds that meet all alike.
    const each = { clients: 1, ms: 1_500, rounds: 11 };
    const figures = await compare([sendTo('bench-plain'), sendTo('bench-child'), alone], each);
    const figuresOf = (name: string) => figures.get(name) as Figures;
    const rows = (code: string, what: string) =>
      figureRows(`blocking send to a plain workflow ${what}, ${inShort(each.clients)}`, figuresOf(code), [
        { name: EXECUTE, figures: figuresOf(EXECUTE), targets: { p50: { of: 'ratio', atMost: 2.5 } } },
      ]);
    return [...rows('bench-plain', 'of a minute at most'), ...rows('bench-child', 'that may take longer')];
  } finally {
    await baselines.end();
  }
}
