import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../errors.ts';
import { keptBundle } from './bundle-cache.ts';
import type { ConverterFiles } from './data-converter.ts';

export interface BundleRequest {
  /** Files whose exported functions are the workflows. */
  workflowFiles: string[];
  /** What reads and writes payloads in the sandbox; the SDK's own when absent. */
  converters?: ConverterFiles;
}

export interface BundledCode {
  code: string;
  /** Tells this code from any other. */
  buildId: string;
}

export type BundleReply = BundledCode | { error: string };

/**
 * Bundles workflow code for Temporal's sandbox, or takes the bundle of before when nothing has changed. In a process of its own: the bundler would leave its memory,
 * and its work on the event loop, to a host that needs neither.
 * @throws HostError `config` with the bundler's message.
 */
export async function bundleWorkflows(request: BundleRequest): Promise<BundledCode> {
  const kept = await keptBundle(request);
  if (kept !== undefined) return kept;
  const self = fileURLToPath(import.meta.url);
  const extension = extname(self);
  const child = fork(self.replace(/bundle\.[jt]s$/, `bundle-process${extension}`), {
    execArgv: extension === '.ts' ? ['--import', 'tsx'] : [],
    // Its own session: a terminal's Ctrl-C is for the host, which ends it.
    detached: true,
    // Whatever the bundler prints is not the host's output.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-4_000);
  });
  const reply = await new Promise<BundleReply>((resolve) => {
    child.once('message', (message) => resolve(message as BundleReply));
    child.once('exit', (code) => resolve({ error: errors || `the bundler exited with ${code}` }));
    child.send(request);
  });
  child.kill();
  if ('error' in reply) throw new HostError('config', `The workflows cannot be bundled: ${reply.error}`);
  return reply;
}
