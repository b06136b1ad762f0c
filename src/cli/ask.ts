import { createInterface } from 'node:readline/promises';
import type { Ask } from './context.ts';

export interface Terminal {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Asks at the terminal; undefined when standard input or output is none. */
export function terminalAsk({ stdin, stdout }: Terminal): Ask | undefined {
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  return async (prompt) => {
    const lines = createInterface({ input: stdin, output: stdout });
    // At the end of input and at Ctrl-C the question itself never settles.
    const left = new Promise<undefined>((resolve) => {
      lines.once('close', () => resolve(undefined));
    });
    try {
      return await Promise.race([lines.question(prompt), left]);
    } finally {
      lines.close();
    }
  };
}
