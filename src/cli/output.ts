/** Where a command writes. Results go to standard output, everything else to standard error. */
export interface Output {
  readonly json: boolean;
  /** Lines for a person; nothing with --json. */
  text(...lines: string[]): void;
  /** The one result with --json; nothing without. */
  object(value: unknown): void;
  /** One of many results with --json, as a JSON line; nothing without. */
  line(value: unknown): void;
  /** Hints for a person, on standard error; nothing with --json. */
  note(...lines: string[]): void;
  /** Columns of the terminal; undefined when there is none. */
  readonly width: number | undefined;
}

export interface Streams {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stderr: NodeJS.WritableStream;
}

export function createOutput({ stdout, stderr }: Streams, json: boolean): Output {
  const write = (stream: NodeJS.WritableStream, lines: string[]) => {
    for (const line of lines) stream.write(`${line}\n`);
  };
  return {
    json,
    text: (...lines) => json || write(stdout, lines),
    object: (value) => json && write(stdout, [JSON.stringify(value, null, 2)]),
    line: (value) => json && write(stdout, [JSON.stringify(value)]),
    note: (...lines) => json || write(stderr, lines),
    width: stdout.isTTY ? stdout.columns : undefined,
  };
}
