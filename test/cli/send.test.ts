import type { Message, StreamResponse } from '@a2a-js/sdk';
import type { Client } from '@a2a-js/sdk/client';
import { JsonRpcUnsupportedOperationError } from '@a2a-js/sdk/errors';
import { describe, expect, it } from 'vitest';
import { stateFromWire } from '../../src/a2a/convert.ts';
import { textPart, userMessage } from '../../src/cli/parts.ts';
import { sendAndFollow } from '../../src/cli/remote/follow.ts';
import { converse } from '../../src/cli/send.ts';
import { exitOfState } from '../../src/cli/show/task.ts';
import { isSettled } from '../../src/tasks/state.ts';
import { TASK_STATES, type TaskState } from '../../src/tasks/task.ts';

const textOf = ({ parts }: Message) =>
  parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')).join();

describe('a conversation at the terminal', () => {
  /** The agent goes through these states; the person gives these answers. */
  async function talk(states: TaskState[], answers: (string | undefined)[]) {
    const sent: { text: string; taskId: string }[] = [];
    const ids = new Set<string>();
    const outcome = await converse(
      { ask: async () => answers.shift() },
      async (message) => {
        ids.add(message.messageId);
        sent.push({ text: textOf(message), taskId: message.taskId });
        return { taskId: 't', state: states.shift() };
      },
      userMessage([textPart('begin')]),
    );
    expect(ids.size).toBe(sent.length);
    return { outcome, sent };
  }

  it('answers the same task until it asks no more', async () => {
    const { outcome, sent } = await talk(['input-required', 'input-required', 'completed'], ['one', 'two']);
    expect(outcome.state).toBe('completed');
    expect(sent).toEqual([
      { text: 'begin', taskId: '' },
      { text: 'one', taskId: 't' },
      { text: 'two', taskId: 't' },
    ]);
  });

  it('asks again instead of sending nothing', async () => {
    const { sent } = await talk(['input-required', 'completed'], ['', '  ', 'yes']);
    expect(sent.map(({ text }) => text)).toEqual(['begin', 'yes']);
  });

  it('stops where the person leaves', async () => {
    const { outcome, sent } = await talk(['input-required'], [undefined]);
    expect({ state: outcome.state, sent: sent.length }).toEqual({ state: 'input-required', sent: 1 });
  });

  it('asks for no words where authorization is wanted', async () => {
    expect((await talk(['auth-required'], ['password'])).sent).toHaveLength(1);
  });
});

describe('exit codes', () => {
  const codes: Record<TaskState, number> = {
    submitted: 0,
    working: 0,
    completed: 0,
    failed: 1,
    rejected: 1,
    canceled: 1,
    'input-required': 3,
    'auth-required': 3,
  };
  it.each(TASK_STATES)('%s', (state) => expect(exitOfState(state)).toBe(codes[state]));
  it('a state nobody knows is a failure', () => expect(exitOfState(undefined)).toBe(1));
});

describe('a stream that breaks off', () => {
  type Step = TaskState | Error;

  const event = (state: TaskState): StreamResponse => ({
    payload: { $case: 'task', value: taskIn(state) },
  });

  function taskIn(state: TaskState) {
    const wire = [...Array(9).keys()].find((value) => stateFromWire(value) === state) ?? 0;
    const status = { state: wire, message: undefined, timestamp: undefined };
    return { id: 't', contextId: 'c', status, artifacts: [], history: [], metadata: undefined };
  }

  async function* play(steps: Step[]): AsyncGenerator<StreamResponse, void, undefined> {
    for (const step of steps) {
      if (step instanceof Error) throw step;
      yield event(step);
    }
  }

  /** A client whose streams go through these steps, one list a stream, and whose reads find these. */
  async function follow(first: Step[], reads: Step[], streams: Step[][]) {
    const states: (TaskState | undefined)[] = [];
    let breaks = 0;
    const client = {
      sendMessageStream: () => play(first),
      resubscribeTask: () => play(streams.shift() ?? []),
      getTask: async () => {
        const read = reads.shift() ?? new TypeError('fetch failed');
        if (read instanceof Error) throw read;
        return taskIn(read);
      },
    } as unknown as Client;
    const follower = {
      taskId: undefined as string | undefined,
      get settled() {
        const last = states.at(-1);
        return last !== undefined && isSettled(last);
      },
      take({ payload }: StreamResponse) {
        if (payload?.$case !== 'task') return;
        follower.taskId = payload.value.id;
        states.push(stateFromWire(payload.value.status?.state ?? 0));
      },
    };
    const request = { tenant: '', message: undefined, configuration: undefined, metadata: undefined };
    const options = { onBreak: () => void breaks++, waitsMs: [0, 0, 0] };
    await sendAndFollow(client, request, follower, options);
    return { states, breaks };
  }

  const lost = new TypeError('terminated');
  const ended = new JsonRpcUnsupportedOperationError({ message: 'ended' });

  it('is not one when the task settled', async () => {
    expect(await follow(['submitted', 'completed'], [], [])).toEqual({
      states: ['submitted', 'completed'],
      breaks: 0,
    });
  });

  it('is taken up again once the host is back', async () => {
    const { states, breaks } = await follow(['working', lost], [lost, 'working'], [['working', 'completed']]);
    expect({ last: states.at(-1), breaks }).toEqual({ last: 'completed', breaks: 1 });
  });

  it('is taken up again when the host closed it in good order', async () => {
    expect((await follow(['working'], ['completed'], [])).states.at(-1)).toBe('completed');
  });

  it('is read when the task ended before there was a subscription', async () => {
    expect((await follow(['working', lost], ['working', 'failed'], [[ended]])).states.at(-1)).toBe('failed');
  });

  it('leaves a subscription when the task asks', async () => {
    const { states } = await follow(['working', lost], ['working'], [['input-required', 'completed']]);
    expect(states.at(-1)).toBe('input-required');
  });

  it('of a follow-up is no answer, though its first event says that the task waits', async () => {
    const { states } = await follow(['input-required', lost], ['working'], [['working', 'completed']]);
    expect(states.at(-1)).toBe('completed');
  });

  it('is an error in the end, that names the task', async () => {
    await expect(follow(['working', lost], [], [])).rejects.toMatchObject({
      hint: expect.stringContaining('task t'),
    });
  });

  it('is an error at once when nobody knows whether the message arrived', async () => {
    await expect(follow([lost], ['completed'], [])).rejects.toBe(lost);
  });
});
