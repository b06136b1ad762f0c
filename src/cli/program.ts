import { text as readAll } from 'node:stream/consumers';
import { Command, CommanderError, Option } from 'commander';
import { packageJson } from '../package.ts';
import { terminalAsk } from './ask.ts';
import type { AuditOptions } from './audit.ts';
import type { EraseCallerOptions, ExportCallerOptions } from './callers.ts';
import { type CommandContext, programName } from './context.ts';
import { describeFailure, EXIT, type ExitCode, usageError } from './failure.ts';
import type { NewKeyOptions } from './keys.ts';
import { createOutput } from './output.ts';
import type { ExportOptions, VerifyOptions } from './receipts.ts';
import { addRegistryCommands, type Run } from './registry-commands.ts';
import type { SendOptions } from './send.ts';
import { plain } from './show/text.ts';
import type { TaskOptions } from './tasks.ts';

/** What of the process the program touches. */
export type Io = Pick<
  NodeJS.Process,
  'stdin' | 'stdout' | 'stderr' | 'env' | 'argv' | 'execArgv' | 'cwd' | 'on' | 'off' | 'exit'
>;

interface GlobalOptions {
  url?: string;
  json?: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:8042';

const HELP = `
Exit codes:
  0  done: the task completed, or goes on
  1  the task failed, was rejected or canceled; or a server could not be reached or refused
  2  the command line or a setting is wrong
  3  the task waits for an answer

DEBUG=1 shows where an error came from.`;

/** Runs one command line. @returns the exit code. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exit: ExitCode = EXIT.ok;
  const program = buildProgram(io, async (command) => {
    exit = await command;
  });
  try {
    await program.parseAsync(argv);
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error) ? EXIT.ok : EXIT.usage;
    return report(error, io, program.opts<GlobalOptions>().json ?? false);
  }
}

// `help` without a command is a mistake; asked for, it is what was wanted.
const isHelp = ({ exitCode }: CommanderError): boolean => exitCode === 0;

function report(error: unknown, { stdout, stderr, env }: Io, json: boolean): ExitCode {
  const { exit, ...failure } = describeFailure(error);
  if (json) stdout.write(`${JSON.stringify({ error: failure })}\n`);
  else stderr.write(`${plain(failure.message)}\n${failure.hint === undefined ? '' : `${failure.hint}\n`}`);
  if (env.DEBUG && error instanceof Error) stderr.write(`${error.stack}\n`);
  return exit;
}

function buildProgram(io: Io, run: Run): Command {
  const program = new Command('agent-host')
    .description('Publishes Temporal workflows as A2A agents, and talks to such agents.')
    .version(packageJson().version)
    .addOption(new Option('--url <url>', `base URL of the host (AGENT_HOST_URL; default ${DEFAULT_URL})`))
    .option('--json', 'print JSON only: one object, or one a line when streaming')
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  addServerCommands(program, io, run);
  addSigningCommands(program, io, run);
  addSecretCommands(program, io, run);
  addCallerCommands(program, io, run);
  addCallerDataCommands(program, io, run);
  addReceiptCommands(program, io, run);
  addRegistryCommands(program, { run, context: () => contextOf(program, io) });
  addTaskCommands(program, io, run);
  return program;
}

function addServerCommands(program: Command, io: Io, run: Run): void {
  // Only these two need Temporal and Prisma; the others must start at once.
  const serve = async (env: Record<string, string | undefined>): Promise<ExitCode> => {
    const { serve: runHost } = await import('./serve.ts');
    return runHost({
      env,
      stdout: io.stdout,
      stderr: io.stderr,
      signals: io,
      exit: io.exit,
      startHost: async (...given) => (await import('../server.ts')).startHost(...given),
    });
  };
  program
    .command('start')
    .description('start the host; prints `ready URL` when it is up')
    .action(() => run(serve(io.env)));
  program
    .command('worker')
    .description('start a worker only (ROLE=worker); prints `ready worker` when it is up')
    .action(() => run(serve({ ...io.env, ROLE: 'worker' })));
  program
    .command('init')
    .description('write a new project: an agent, its test, and what runs them')
    .argument('<dir>', 'an empty folder, or one that is not there yet')
    .action((dir: string) => run(import('./init.ts').then(({ init }) => init(contextOf(program, io), dir))));
  program
    .command('doctor')
    .description('say what is configured, what can be reached and what is wrong')
    .action(() => run(import('./doctor/doctor.ts').then(({ doctor }) => doctor(contextOf(program, io)))));
}

function addSigningCommands(program: Command, io: Io, run: Run): void {
  program
    .command('signing')
    .description('the keys of DATA_DIR that cards and webhooks are signed with')
    .command('rotate')
    .description('put a new key before the others, which stay published; the host must be stopped')
    .action(() =>
      run(import('./signing.ts').then(({ rotateSigningKey }) => rotateSigningKey(contextOf(program, io)))),
    );
}

function addSecretCommands(program: Command, io: Io, run: Run): void {
  program
    .command('secrets')
    .description('the secrets on record: stored credentials, and those of webhooks and calls')
    .command('rotate')
    .description(
      'bring them under a new key, the first of GATEWAY_SECRET_KEY or one made in DATA_DIR; hosts go on',
    )
    .action(() =>
      run(import('./secrets.ts').then(({ rotateSecrets }) => rotateSecrets(contextOf(program, io)))),
    );
}

function addReceiptCommands(program: Command, io: Io, run: Run): void {
  const receipts = program.command('receipts').description('the receipts of calls through the gateway');
  receipts
    .command('export')
    .description('write all final receipts and a signed checkpoint, a JSON object a line')
    .argument('<file>', 'where to')
    .option('--provider <id>', 'only those of this provider')
    .action((file: string, options: ExportOptions) =>
      run(
        import('./receipts.ts').then(({ exportFile }) => exportFile(contextOf(program, io), file, options)),
      ),
    );
  receipts
    .command('verify')
    .description(
      'check signatures, digests and that none is missing, changed or moved; offline from an export',
    )
    .argument('[target]', 'an export’s file, or the id of a receipt on record')
    .option('--all', 'all that are on record')
    .option('--provider <id>', 'the export was made of this provider')
    .option('--jwks <file>', 'the host’s public keys for a file; asked for at its URL when not given')
    .option('--checkpoint <file>', 'a checkpoint kept from before, which must still hold')
    .action((target: string | undefined, options: VerifyOptions) =>
      run(import('./receipts.ts').then(({ verify }) => verify(contextOf(program, io), target, options))),
    );
}

function addCallerCommands(program: Command, io: Io, run: Run): void {
  const keys = program.command('keys').description('the API keys of the host that the settings name');
  keys
    .command('create')
    .description('make a key and print it, this once')
    .requiredOption('--name <name>', 'who is to call with it; keys of one name are one caller')
    .requiredOption(
      '--scopes <scopes>',
      'agents:read, agents:invoke, receipts:read, admin; commas between them',
    )
    .option('--expires <duration>', 'such as 30d, 12h or 45m; never when not given')
    .action((options: NewKeyOptions) =>
      run(import('./keys.ts').then(({ createKey }) => createKey(contextOf(program, io), options))),
    );
  keys
    .command('list')
    .description('list the keys, without their secrets')
    .action(() => run(import('./keys.ts').then(({ listKeys }) => listKeys(contextOf(program, io)))));
  keys
    .command('revoke')
    .description('take a key back, on every host within a second')
    .argument('<id>', 'what the key begins with: ak_ and twelve characters')
    .action((id: string) =>
      run(import('./keys.ts').then(({ revokeKey }) => revokeKey(contextOf(program, io), id))),
    );
  program
    .command('audit')
    .description('show who was refused, and what keys were made and revoked, newest first')
    .option('--event <event>', 'only these, such as login-refused')
    .option('--caller <caller>', 'only those of this caller')
    .option('--limit <count>', 'how many at most', '50')
    .action((options: AuditOptions) =>
      run(import('./audit.ts').then(({ showAudit }) => showAudit(contextOf(program, io), options))),
    );
}

function addCallerDataCommands(program: Command, io: Io, run: Run): void {
  program
    .command('export')
    .description('write all that a host keeps of a caller, a JSON object a line')
    .requiredOption('--caller <id>', 'whose, such as key:ci')
    .requiredOption('--out <file>', 'where to')
    .action((options: ExportCallerOptions) =>
      run(import('./callers.ts').then(({ exportCaller }) => exportCaller(contextOf(program, io), options))),
    );
  program
    .command('erase')
    .description(
      'remove what a host keeps of a caller; receipts stay as proofs, without what they were about',
    )
    .requiredOption('--caller <id>', 'whose, such as key:ci')
    .option('--yes', 'do not ask')
    .option('--cancel', 'cancel tasks that have not ended; else they are refused')
    .action((options: EraseCallerOptions) =>
      run(import('./callers.ts').then(({ eraseCaller }) => eraseCaller(contextOf(program, io), options))),
    );
}

function addTaskCommands(program: Command, io: Io, run: Run): void {
  program
    .command('send')
    .description('send a message to an agent; at a terminal, answer when it asks')
    .argument('<code>', 'the agent')
    .argument('[text]', 'the text of the message')
    .option('--data <json>', 'attach data; `-` reads it from standard input')
    .option('--file <path>', 'attach a file')
    .option('--metadata <json>', 'attach metadata, a JSON object')
    .option('--stream', 'show the progress as it comes')
    .option('--task <id>', 'go on with this task')
    .option('--context <id>', 'put the task into this context')
    .action((code: string, text: string | undefined, options: SendOptions) =>
      run(import('./send.ts').then(({ send }) => send(contextOf(program, io), code, { ...options, text }))),
    );
  program
    .command('task')
    .description('show a task')
    .argument('<id>', 'the task')
    .option('--agent <code>', 'the agent that has it; looked for when not given')
    .option('--stream', 'show the progress as it comes, until it ends or asks')
    .action((id: string, options: TaskOptions) =>
      run(import('./tasks.ts').then(({ showTask }) => showTask(contextOf(program, io), id, options))),
    );
  program
    .command('cancel')
    .description('cancel a task')
    .argument('<id>', 'the task')
    .option('--agent <code>', 'the agent that has it; looked for when not given')
    .action((id: string, options: TaskOptions) =>
      run(import('./tasks.ts').then(({ cancelTask }) => cancelTask(contextOf(program, io), id, options))),
    );
  program
    .command('push')
    .description("show how the deliveries to a task's webhooks stand")
    .argument('<id>', 'the task')
    .option('--agent <code>', 'the agent that has it; looked for when not given')
    .action((id: string, options: TaskOptions) =>
      run(import('./push.ts').then(({ showPush }) => showPush(contextOf(program, io), id, options))),
    );
}

/** @throws CliError (usage) when the URL is none. */
function contextOf(program: Command, io: Io): CommandContext {
  const { url, json = false } = program.opts<GlobalOptions>();
  const given = url ?? (io.env.AGENT_HOST_URL || undefined);
  return {
    url: baseUrl(given ?? DEFAULT_URL, url === undefined ? 'AGENT_HOST_URL' : '--url'),
    urlGiven: given !== undefined,
    apiKey: io.env.AGENT_HOST_API_KEY || undefined,
    output: createOutput(io, json),
    env: io.env,
    ask: json ? undefined : terminalAsk(io),
    readStdin: () => readAll(io.stdin),
    program: programName(io.argv, io.execArgv, io.cwd()),
  };
}

function baseUrl(url: string, name: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError(`${name}: not an http or https URL: ${url}`);
  }
  return url.replace(/\/+$/, '');
}
