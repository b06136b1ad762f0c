import { expect, it } from 'vitest';
import { told } from '../src/grpc.ts';
import { internalError, note } from '../src/web/request-notes.ts';
import { loggedLines } from './support/lines.ts';

it('a gRPC call has a line in the log with its caller and task, and its failures of ours are counted', async () => {
  const { log, lines } = loggedLines();
  const failures: unknown[] = [];
  const around = told({ log, failed: (...of) => void failures.push(of) });
  const refusal = around({ path: '/lf.a2a.v1.A2AService/GetTask', header: () => undefined }, (ended) => {
    note({ caller: 'key:alice' });
    note({ taskId: 'task-1' });
    internalError(new Error('a fault'), log);
    ended(true);
  });
  expect(refusal).toBeUndefined();
  expect(lines.at(-1)).toMatchObject({
    msg: 'answered',
    surface: 'grpc',
    path: '/lf.a2a.v1.A2AService/GetTask',
    failed: true,
    ms: expect.any(Number),
    caller: 'key:alice',
    taskId: 'task-1',
  });
  expect(failures).toEqual([['grpc', 1]]);
});
