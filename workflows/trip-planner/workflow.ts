import { ActivityFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { agentWorkflow, type IncomingMessage, type TaskContext } from 'workflow-agent-host/workflow';
import type { Money } from '../_shared/money.ts';
import { type Budget, type Notes, plan, write } from './itinerary.ts';
import {
  MAX_DAYS,
  readDaysAnswer,
  readDestinationAnswer,
  readInterests,
  readMessage,
  type Trip,
} from './trip.ts';

type Part = IncomingMessage['parts'][number];

const MAX_QUESTIONS = 5;

export const tripPlanner = agentWorkflow(async (task) => {
  const { destination, days, ...trip } = await converse(task);
  const attached = notesOf(task.message, trip.notes);
  task.status(`Planning ${days === 1 ? 'a day' : `${days} days`} in ${destination}`);
  const [budget, notes] = await Promise.all([
    trip.budget === undefined ? undefined : approve(task, trip.budget, `Trip to ${destination}`),
    attached.length === 0 ? { keywords: [] } : digest(task, attached),
  ]);
  const interests = [...new Set([...trip.interests, ...readInterests(notes.keywords.join(' '))])];
  const made = plan({ destination, days, interests, freeOnly: budget?.approved === false });
  task.artifact({
    name: 'itinerary',
    description: 'The trip day by day',
    parts: [
      { text: write(made, budget, notes), mediaType: 'text/markdown' },
      { data: { destination, interests, days: made.days.map((day) => ({ ...day })) } },
    ],
  });
  return summary(destination, days, budget);
});

/** Asks until destination and length are known. */
async function converse(task: TaskContext): Promise<Trip & { destination: string; days: number }> {
  let trip = readMessage({ interests: [] }, task.message);
  for (let asked = 0; asked < MAX_QUESTIONS; asked += 1) {
    const { destination, days } = trip;
    if (destination === undefined) {
      const reply = await task.ask('Where do you want to go? For example Lisbon.');
      trip = readMessage({ ...trip, ...orNothing('destination', readDestinationAnswer(reply.text)) }, reply);
    } else if (days === undefined || days < 1 || days > MAX_DAYS) {
      const reply = await task.ask(`How many days in ${destination}? From 1 to ${MAX_DAYS}.`);
      trip = readMessage({ ...trip, ...orNothing('days', readDaysAnswer(reply.text)) }, reply);
    } else {
      return { ...trip, destination, days };
    }
  }
  return task.reject('I could not read where and for how long. Try "3 days in Lisbon, food and art".');
}

const orNothing = <K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });

/** Has the budget approved, handing the approver's questions on to the caller. */
async function approve(task: TaskContext, money: Money, purpose: string): Promise<Budget> {
  let result = await task.call('expense-approval', { data: { ...money, purpose } });
  while (result.state === 'input-required') {
    const { taskId } = result;
    const reply = await askOrWithdraw(task, result.text, taskId);
    result = await task.call('expense-approval', { parts: [...reply.parts] }, { taskId });
  }
  const decision = result.artifacts.find((artifact) => artifact.name === 'decision');
  const data = decision?.parts.find((part) => part.data !== undefined)?.data;
  const approved = typeof data === 'object' && data !== null && 'approved' in data && data.approved === true;
  return { money, approved };
}

/** When the trip is canceled while it asks, the expense it asked about is not left open. */
async function askOrWithdraw(task: TaskContext, question: string, taskId: string): Promise<IncomingMessage> {
  try {
    return await task.ask(question);
  } catch (error) {
    if (isCancellation(error)) {
      const no = { data: { approved: false, comment: 'The trip was canceled' } };
      await CancellationScope.nonCancellable(() => task.call('expense-approval', no, { taskId }));
    }
    throw error;
  }
}

/** A trip can be planned without the notes: when they cannot be read, the itinerary says so. */
async function digest(task: TaskContext, parts: Part[]): Promise<Notes> {
  try {
    const { artifacts } = await task.call('document-digest', { parts });
    const found = artifacts.find((artifact) => artifact.name === 'keywords');
    const data = found?.parts.find((part) => part.data !== undefined)?.data as
      | { keywords?: { word: string }[] }
      | undefined;
    return { keywords: (data?.keywords ?? []).slice(0, 8).map((keyword) => keyword.word) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return { keywords: [], problem: `They could not be read. ${why}` };
  }
}

/** Notes are an uploaded file, or the text in the data part. */
function notesOf({ parts }: IncomingMessage, notes: string | undefined): Part[] {
  const files = parts.filter(
    (part) => part.raw !== undefined || part.url !== undefined || part.filename !== undefined,
  );
  return notes === undefined ? files : [...files, { text: notes, filename: 'notes.txt' }];
}

function summary(destination: string, days: number, budget: Budget | undefined): string {
  const trip = `Your ${days === 1 ? 'day' : `${days} days`} in ${destination} ${days === 1 ? 'is' : 'are'} planned`;
  if (budget === undefined) return `${trip}.`;
  return budget.approved
    ? `${trip}, within the approved budget.`
    : `${trip} with free things only, as the budget was not approved.`;
}
