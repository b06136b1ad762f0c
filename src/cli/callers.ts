import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CommandContext } from './context.ts';
import { CliError, ConnectionError, EXIT, type ExitCode, usageError } from './failure.ts';
import { hostFetch, RefusedError } from './remote/http.ts';

export interface ExportCallerOptions {
  caller: string;
  out: string;
}

export interface EraseCallerOptions {
  caller: string;
  yes?: boolean;
  cancel?: boolean;
}

/** @throws CliError when the host knows nothing of such a caller. */
async function ask(
  context: CommandContext,
  caller: string,
  act: 'export' | 'erase',
  init: RequestInit = {},
): Promise<Response> {
  const url = `${context.url}/v1/admin/callers/${encodeURIComponent(caller)}/${act}`;
  try {
    return await hostFetch(context)(url, { method: 'POST', ...init });
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 404)) throw error;
    throw new CliError(error.message, { cause: error });
  }
}

/** Writes all that a running host keeps of a caller, a JSON object a line, as it comes. */
export async function exportCaller(
  context: CommandContext,
  { caller, out }: ExportCallerOptions,
): Promise<ExitCode> {
  const response = await ask(context, caller, 'export');
  let counts: Record<string, number> | undefined;
  const lines = async function* () {
    const given = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    for await (const line of createInterface({ input: given, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.startsWith('{"kind":"end"')) ({ counts } = JSON.parse(line));
      yield `${line}\n`;
    }
  };
  await pipeline(lines, createWriteStream(out, { mode: 0o600 })).catch((error: unknown) => {
    throw new ConnectionError(`The export broke off: ${out} is not whole.`, { cause: error });
  });
  if (counts === undefined) throw new ConnectionError(`The export broke off: ${out} is not whole.`);
  const { task = 0, receipt = 0, file = 0 } = counts;
  context.output.object({ file: out, counts });
  context.output.text(
    `What is kept of ${caller} is in ${out}: ${task} tasks, ${file} files, ${receipt} receipts.`,
  );
  return EXIT.ok;
}

const erasedSchema = z.object({
  complete: z.boolean(),
  tasks: z.number(),
  files: z.number(),
  receipts: z.number(),
  credentials: z.number(),
  left: z.object({ tasks: z.number(), calls: z.number(), verdicts: z.number(), ended: z.number() }),
  stays: z.array(z.object({ kind: z.string(), count: z.number(), why: z.string() })),
});

/** For what has been canceled to end, and for the verifier's next sweeps. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 1_000;

/** Has a running host remove what it keeps of a caller, until nothing is left or what is left does not go away. */
export async function eraseCaller(
  context: CommandContext,
  { caller, yes = false, cancel = false }: EraseCallerOptions,
): Promise<ExitCode> {
  if (!yes && !(await confirmed(context, caller)))
    throw usageError('Nothing was erased: --yes was not given.');
  const { output } = context;
  const total = { tasks: 0, files: 0, receipts: 0, credentials: 0 };
  let patientUntil = Date.now() + PATIENCE_MS;
  for (;;) {
    const { complete, left, stays, ...removed } = await eraseSome(context, caller, cancel);
    for (const [what, count] of Object.entries(removed)) total[what as keyof typeof total] += count;
    if (Object.values(removed).some((count) => count > 0)) patientUntil = Date.now() + PATIENCE_MS;
    if (complete || Date.now() > patientUntil) {
      output.object({ complete, ...total, left, stays });
      const { tasks, files, receipts } = total;
      output.text(`Erased of ${caller}: ${tasks} tasks, ${files} files, what ${receipts} receipts held.`);
      for (const { kind, count, why } of stays)
        output.text(`Stays: ${kind === 'audit' ? kind : `${count} × ${kind}`}. ${why}.`);
      if (complete) return EXIT.ok;
      output.note(
        `Left: ${left.tasks} open tasks, ${left.calls} calls under way, ${left.verdicts} receipts that wait for the verifier, ${left.ended} ended tasks. Erase again later.`,
      );
      return EXIT.failed;
    }
    await delay(AGAIN_MS);
  }
}

async function eraseSome(context: CommandContext, caller: string, cancel: boolean) {
  try {
    const response = await ask(context, caller, 'erase', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ cancel }),
    });
    return erasedSchema.parse(await response.json());
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 409)) throw error;
    throw new CliError(error.message, { hint: 'Give --cancel to have open tasks canceled.', cause: error });
  }
}

async function confirmed({ ask }: CommandContext, caller: string): Promise<boolean> {
  const answer = await ask?.(`Erase all that is kept of ${caller}, for good? Type its id to go on: `);
  return answer === caller;
}
