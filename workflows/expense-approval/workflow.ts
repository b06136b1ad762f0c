import { agentWorkflow, type TaskContext } from 'workflow-agent-host/workflow';
import { answerOf } from '../_shared/answers.ts';
import { complete, type Draft, describe, type Expense, missing, readData, readText } from './expense.ts';
import { needsApproval, readSchedule, type Schedule } from './policy.ts';

type Decision = { approved: boolean; decidedBy: 'limit' | 'approver' | 'deadline'; comment?: string };

const MAX_QUESTIONS = 5;

export const expenseApproval = agentWorkflow(async (task) => {
  const schedule = readSchedule(task.message);
  if ('problem' in schedule) return task.reject(schedule.problem);
  const expense = await readExpense(task);
  const reason = needsApproval(expense);
  const decision: Decision =
    reason === undefined
      ? { approved: true, decidedBy: 'limit' }
      : await askApprover(task, `${describe(expense)}: ${reason}.`, schedule);
  task.artifact({
    name: 'decision',
    description: 'The decision on the expense',
    data: { ...decision, ...expense },
  });
  return conclusion(expense, decision);
});

/** Reads the expense from the first message, asking for what it does not tell. */
async function readExpense(task: TaskContext): Promise<Expense> {
  let message = task.message;
  let draft: Draft = {};
  for (let asked = 0; ; asked += 1) {
    draft = readData(readText(draft, message.text), message.data);
    const question = missing(draft);
    const expense = complete(draft);
    if (question === undefined && expense !== undefined) return expense;
    if (asked === MAX_QUESTIONS) {
      task.reject('I could not read the expense. Send its amount, currency and purpose in one message.');
    }
    message = await task.ask(question ?? 'What was the expense?');
  }
}

/** Asks until there is a clear answer; once more when the reminder is due, and no longer than the deadline. */
async function askApprover(task: TaskContext, subject: string, schedule: Schedule): Promise<Decision> {
  const asking = 'Do you approve it? Please answer yes or no.';
  const began = Date.now();
  let question = `${subject} ${asking}`;
  let reminder = schedule.remindAfter < schedule.deadline;
  for (;;) {
    const passed = Date.now() - began;
    if (passed >= schedule.deadline) return { approved: false, decidedBy: 'deadline' };
    const timeout = Math.max(1, (reminder ? schedule.remindAfter : schedule.deadline) - passed);
    const reply = await task.ask(question, { timeout });
    if (reply === undefined) {
      if (reminder) question = `Reminder: ${subject} ${asking} Without an answer it will be rejected.`;
      reminder = false;
      continue;
    }
    const { meaning, comment } = answerOf(reply);
    if (meaning !== 'unclear') {
      return {
        approved: meaning === 'yes',
        decidedBy: 'approver',
        ...(comment === undefined ? {} : { comment }),
      };
    }
    question = `I could not take that as a yes or a no. ${subject} ${asking}`;
  }
}

function conclusion(expense: Expense, { approved, decidedBy, comment }: Decision): string {
  const what = describe(expense);
  if (decidedBy === 'limit') return `Approved: ${what}, within the limit.`;
  if (decidedBy === 'deadline') return `Rejected: ${what}, as nobody answered in time.`;
  return `${approved ? 'Approved' : 'Rejected'} by the approver: ${what}.${comment ? ` Comment: ${comment}` : ''}`;
}
