import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { activities, agentWorkflow, type TaskContext } from 'workflow-agent-host/workflow';
import { answerOf } from '../_shared/answers.ts';
import { formatMoney } from '../_shared/money.ts';
import { pauseOf } from '../_shared/pause.ts';
import type * as acts from './activities.ts';
import { type Reason, type Request, readMessage } from './conversation.ts';
import { type Order, refusal } from './orders.ts';
import { runSaga, type SagaRecord, type SagaStep } from './saga.ts';

const shop = activities<typeof acts>({ startToCloseTimeout: '30 seconds', retry: { maximumAttempts: 5 } });

const MAX_QUESTIONS = 10;

export const orderRefund = agentWorkflow(async (task) => {
  const { order, reason } = await converse(task);
  const record: SagaRecord = { done: [], undone: [], stuck: [] };
  const artifact = (outcome: string) =>
    task.artifact({
      name: 'refund',
      description: 'What was done for the refund, and what was undone',
      data: { outcome, orderNumber: order.number, reason, ...order.paid, ...record },
    });
  try {
    await runSaga(stepsOf(order, reason, task.id), record, {
      pauseMs: pauseOf(task.message.metadata),
      onStep: (name) => task.status(`${order.number}: ${name}`),
    });
  } catch (error) {
    artifact(isCancellation(error) ? 'canceled' : 'failed');
    if (isCancellation(error)) throw error;
    throw ApplicationFailure.nonRetryable(explain(order, record, error), 'RefundFailed');
  }
  artifact('refunded');
  return `${order.number} is refunded. ${record.done.join('. ')}.`;
});

/** Asks until order, reason and consent are there. */
async function converse(task: TaskContext): Promise<{ order: Order; reason: Reason }> {
  let request: Request = readMessage({}, task.message);
  for (let asked = 0; asked < MAX_QUESTIONS; asked += 1) {
    const order = request.orderNumber === undefined ? null : await shop.findOrder(request.orderNumber);
    if (order === null) {
      request = await askOrder(task, request);
    } else if (request.reason === undefined) {
      request = await askReason(task, order, request);
    } else {
      const refused = refusal(order, request.reason);
      if (refused !== undefined) task.reject(refused);
      if (request.confirmed) return { order, reason: request.reason };
      request = await askConsent(task, order, request);
    }
  }
  return task.reject('We did not get anywhere. Begin again with your order number, such as ORD-1001.');
}

async function askOrder(task: TaskContext, request: Request): Promise<Request> {
  const wrong = request.orderNumber === undefined ? '' : `I do not find an order ${request.orderNumber}. `;
  const reply = await task.ask(`${wrong}Which order is it? Its number looks like ORD-1001.`);
  return readMessage(request, reply);
}

async function askReason(task: TaskContext, order: Order, request: Request): Promise<Request> {
  const reply = await task.ask(
    `Why should ${order.number} (${order.items}) be refunded: damaged, wrong item, not arrived, changed mind or other?`,
  );
  const next = readMessage(request, reply);
  // Asked for, any words of theirs are a reason; a corrected order number alone is none.
  return next.reason === undefined && reply.text.trim() !== '' && next.orderNumber === request.orderNumber
    ? { ...next, reason: 'other' }
    : next;
}

async function askConsent(task: TaskContext, order: Order, request: Request): Promise<Request> {
  const reply = await task.ask(
    `Shall I refund ${formatMoney(order.paid)} for ${order.number} (${order.items}, ${request.reason}) to the card ending ${order.card}? Please answer yes or no.`,
  );
  const { meaning } = answerOf(reply);
  if (meaning === 'no') task.reject(`${order.number} is left as it is.`);
  return meaning === 'yes' ? { ...request, confirmed: true } : readMessage(request, reply);
}

function stepsOf({ number }: Order, reason: Reason, taskId: string): SagaStep[] {
  const step = { orderNumber: number, key: `${taskId}/${number}` };
  const bookReturn: SagaStep = {
    name: 'booking the return',
    run: () => shop.bookReturn(step),
    undo: () => shop.cancelReturn(step),
  };
  return [
    // What never arrived cannot be sent back.
    ...(reason === 'not arrived' ? [] : [bookReturn]),
    {
      name: 'taking back the points',
      run: () => shop.takeBackPoints(step),
      undo: () => shop.giveBackPoints(step),
    },
    { name: 'paying back', run: () => shop.payBack(step), undo: () => shop.reversePayment(step) },
    { name: 'telling the customer', run: () => shop.notifyCustomer(step) },
  ];
}

function explain(order: Order, record: SagaRecord, error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  const undone = record.undone.length === 0 ? 'Nothing was left to undo' : record.undone.join('. ');
  const stuck = record.stuck.length === 0 ? '' : ` A person has to undo: ${record.stuck.join(', ')}.`;
  return `${order.number} could not be refunded: ${record.failedAt} failed, as ${why}. ${undone}.${stuck}`;
}
