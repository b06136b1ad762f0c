import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type RunningHost, serve } from '../../src/cli/serve.ts';
import { HostError } from '../../src/errors.ts';

interface Script {
  env?: Record<string, string>;
  start?: () => Promise<void>;
  stop?: () => Promise<void>;
}

/** A host that does as it is told, and the two ways its process could end. */
function stage({ env = {}, start, stop }: Script = {}) {
  const signals = new EventEmitter();
  const stdout = new PassThrough({ encoding: 'utf8' });
  const exits: number[] = [];
  let stops = 0;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const host: RunningHost = {
    url: 'http://127.0.0.1:1',
    failed,
    stop: async () => {
      stops += 1;
      await stop?.();
    },
  };
  const ended = serve({
    env,
    stdout,
    stderr: new PassThrough(),
    signals,
    exit: (code) => void exits.push(code),
    startHost: async () => {
      await start?.();
      return host;
    },
  });
  return {
    ended,
    signals,
    exits,
    fail,
    stops: () => stops,
    printed: () => stdout.read() as string | null,
    stdout,
  };
}

const ready = (stdout: PassThrough) => new Promise((resolve) => stdout.once('readable', resolve));

describe('serve', () => {
  it.each([
    [{}, 'ready http://127.0.0.1:1\n'],
    [{ ROLE: 'worker' }, 'ready worker\n'],
  ])('%j prints %j, stops once at a signal and exits 0', async (env, line) => {
    const run = stage({ env });
    await ready(run.stdout);
    expect(run.printed()).toBe(line);
    run.signals.emit('SIGTERM');
    expect(await run.ended).toBe(0);
    expect({ stops: run.stops(), exits: run.exits }).toEqual({ stops: 1, exits: [] });
    expect(run.signals.eventNames()).toEqual([]);
  });

  it('stays while nothing of it is open, and leaves nothing behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const run = stage();
    await ready(run.stdout);
    expect(timers()).toBe(before + 1);
    run.signals.emit('SIGTERM');
    await run.ended;
    expect(timers()).toBe(before);
  });

  it('exits 1 at once at a second signal', async () => {
    let stopped = () => {};
    const stopping = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const run = stage({ stop: () => stopping });
    await ready(run.stdout);
    run.signals.emit('SIGINT');
    run.signals.emit('SIGINT');
    expect(run.exits).toEqual([1]);
    stopped();
    await run.ended;
    expect(run.stops()).toBe(1);
  });

  it('never says ready when it was told to stop while starting', async () => {
    let started = () => {};
    const run = stage({ start: () => new Promise((resolve) => (started = resolve)) });
    run.signals.emit('SIGTERM');
    started();
    expect(await run.ended).toBe(0);
    expect({ printed: run.printed(), stops: run.stops() }).toEqual({ printed: null, stops: 1 });
  });

  it('stops what is left and fails when the host ends by itself', async () => {
    const run = stage();
    await ready(run.stdout);
    run.fail(new Error('Postgres ended'));
    await expect(run.ended).rejects.toMatchObject({ exit: 1, message: 'The host ended: Postgres ended' });
    expect(run.stops()).toBe(1);
  });

  it('passes a wrong setting on as it is', async () => {
    await expect(stage({ env: { PORT: 'x' } }).ended).rejects.toMatchObject({
      code: 'config',
      field: 'PORT',
    });
    const wrong = new HostError('config', 'PORT: 80 is in use');
    await expect(stage({ start: () => Promise.reject(wrong) }).ended).rejects.toBe(wrong);
  });

  it('says what to do about any other failure', async () => {
    await expect(stage({ start: () => Promise.reject(new Error('boom')) }).ended).rejects.toMatchObject({
      exit: 1,
      message: 'The host cannot start: boom',
      hint: expect.stringContaining('doctor'),
    });
  });
});
