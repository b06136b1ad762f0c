import { expect, test } from 'vitest';
import { applyChange, isFinal, isInterrupted, isSettled } from '../../src/tasks/state.ts';
import { TASK_STATES, type Task, type TaskChange, type TaskState } from '../../src/tasks/task.ts';

// A2A v1.0 §4.1.3.
const KINDS: Record<TaskState, 'open' | 'interrupted' | 'final'> = {
  submitted: 'open',
  working: 'open',
  'input-required': 'interrupted',
  'auth-required': 'interrupted',
  completed: 'final',
  failed: 'final',
  canceled: 'final',
  rejected: 'final',
};

test.each(TASK_STATES)('%s is one of open, interrupted and final (§4.1.3)', (state) => {
  const kind = KINDS[state];
  expect({
    final: isFinal(state),
    interrupted: isInterrupted(state),
    settled: isSettled(state),
  }).toEqual({ final: kind === 'final', interrupted: kind === 'interrupted', settled: kind !== 'open' });
});

const at = (second: number): string => `2026-11-21T00:00:0${second}.000Z`;

const task: Task = {
  id: 'task',
  agentCode: 'echo',
  contextId: 'context',
  owner: 'alice',
  status: { state: 'working', at: at(1) },
  version: 3,
  artifacts: [
    { artifactId: 'a', parts: [{ text: 'a1' }] },
    { artifactId: 'b', parts: [{ text: 'b1' }] },
  ],
  history: [{ messageId: 'm1', role: 'user', parts: [{ text: 'hello' }] }],
  metadata: {},
  createdAt: at(0),
  updatedAt: at(1),
};

const change = (given: Partial<TaskChange>): TaskChange => ({
  taskId: 'task',
  version: 4,
  at: at(2),
  artifacts: [],
  messages: [],
  ...given,
});

const question = { messageId: 'm2', role: 'agent' as const, parts: [{ text: 'Which?' }] };

const APPLIED: [promise: string, change: TaskChange, expected: Partial<Task>][] = [
  [
    'a status replaces the status',
    change({ status: { state: 'input-required', message: question, at: at(2) }, messages: [question] }),
    {
      status: { state: 'input-required', message: question, at: at(2) },
      history: [...task.history, question],
      version: 4,
      updatedAt: at(2),
    },
  ],
  ['a change without a status leaves it', change({}), { version: 4, updatedAt: at(2) }],
  [
    'an artifact written again keeps its place',
    change({ artifacts: [{ artifactId: 'a', parts: [{ text: 'a2' }] }] }),
    {
      version: 4,
      updatedAt: at(2),
      artifacts: [
        { artifactId: 'a', parts: [{ text: 'a2' }] },
        { artifactId: 'b', parts: [{ text: 'b1' }] },
      ],
    },
  ],
  [
    'a new artifact comes last',
    change({ artifacts: [{ artifactId: 'c', parts: [{ data: 1 }] }] }),
    {
      version: 4,
      updatedAt: at(2),
      artifacts: [...task.artifacts, { artifactId: 'c', parts: [{ data: 1 }] }],
    },
  ],
  [
    'a change already seen changes nothing',
    change({ version: 3, status: { state: 'failed', at: at(2) } }),
    {},
  ],
];

test.each(APPLIED)('applyChange: %s', (_promise, given, expected) => {
  const before = structuredClone(task);
  expect(applyChange(task, given)).toEqual({ ...task, ...expected });
  expect(task).toEqual(before);
});
