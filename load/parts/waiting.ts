import { compare, type Figures } from '../../bench/compare.ts';
import { quietMemory } from '../../bench/memory.ts';
import { waitingTasks } from '../../bench/parts/follow-up.ts';
import { type Row, row } from '../../bench/report.ts';
import { sendRequest } from '../../bench/rpc-requests.ts';
import { httpContestant, type Servers, type Setting, withProduct } from '../../bench/setting.ts';

const FEW = 50;
const MANY = 2_000;

/** 2,000 tasks that wait for their callers at once: what they hold, and how they and others are answered meanwhile. */
export const waiting = (servers: Servers): Promise<Row[]> => withProduct(servers, measure);

async function measure({ product, load }: Setting): Promise<Row[]> {
  const send = httpContestant('send', load, {
    requests: [sendRequest(product.url, 'bench-empty')],
    expect: '"TASK_STATE_COMPLETED"',
  });
  const answers = (tasks: string[]) =>
    httpContestant('answer', load, {
      requests: tasks.map((id) => sendRequest(product.url, 'bench-ask', id)),
      expect: '"TASK_STATE_INPUT_REQUIRED"',
    });
  const at = async (tasks: string[]) => ({
    send: (await compare([send], { clients: 1, ms: 2_000 })).get('send') as Figures,
    answer: (await compare([answers(tasks)], { clients: 10, ms: 5_000 })).get('answer') as Figures,
  });
  const tasks = await waitingTasks(product.url, FEW);
  const few = await at(tasks);
  const before = await quietMemory(product.pid);
  tasks.push(...(await waitingTasks(product.url, MANY - FEW)));
  const after = await quietMemory(product.pid);
  const many = await at(tasks);
  return [
    row(`memory a waiting task, of ${MANY}`, 'KB', (after - before) / (MANY - FEW)),
    ...(['p50', 'p99'] as const).flatMap((figure) => [
      row(
        `a new task beside ${MANY} that wait, 1 at once, ${figure} | beside ${FEW}`,
        'ms',
        many.send[figure],
        {
          baseline: few.send[figure],
        },
      ),
      row(`an answer to one of ${MANY}, 10 at once, ${figure} | of ${FEW}`, 'ms', many.answer[figure], {
        baseline: few.answer[figure],
      }),
    ]),
  ];
}
