import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import type { DiscoverOptions } from './discover.ts';
import type { ExitCode } from './failure.ts';
import type { InvokeOptions } from './invoke.ts';

/** Runs a command, and keeps what it exits with. */
export type Run = (command: Promise<ExitCode>) => Promise<void>;

/** The commands about agents: finding, publishing and looking at them, and calling them through the gateway. */
export function addRegistryCommands(
  program: Command,
  { run, context }: { run: Run; context(): CommandContext },
): void {
  program
    .command('discover')
    .description(
      'list the workflows seen in the Temporal of TEMPORAL_ADDRESS, and draft an agents.yaml of them',
    )
    .option('--namespace <name>', 'the namespace (TEMPORAL_NAMESPACE)')
    .option('--out <file>', 'where the draft goes')
    .action((options: DiscoverOptions) =>
      run(import('./discover.ts').then(({ discover }) => discover(context(), options))),
    );
  program
    .command('publish')
    .description('publish the agents of a file as of an agents.yaml, on a host that runs')
    .argument('<file>', 'YAML or JSON')
    .action((file: string) => run(import('./publish.ts').then(({ publish }) => publish(context(), file))));
  program
    .command('unpublish')
    .description('take no new tasks for an agent that was published so; it is gone when none is open')
    .argument('<code>', "the agent's workflow code")
    .action((code: string) =>
      run(import('./publish.ts').then(({ unpublish }) => unpublish(context(), code))),
    );
  program
    .command('agents')
    .description('list the published agents, or search them')
    .argument('[query...]', 'words to search for')
    .action((query: string[]) =>
      run(import('./agents.ts').then(({ listAgents }) => listAgents(context(), query.join(' ')))),
    );
  program
    .command('card')
    .description("show an agent's card")
    .argument('<code>', 'the agent')
    .action((code: string) => run(import('./agents.ts').then(({ showCard }) => showCard(context(), code))));
  program
    .command('tasks')
    .description('list your newest tasks with an agent')
    .argument('<code>', 'the agent')
    .action((code: string) => run(import('./tasks.ts').then(({ listTasks }) => listTasks(context(), code))));
  program
    .command('invoke')
    .description('call an agent through the gateway, where policy decides first')
    .argument('<code>', 'the agent')
    .argument('<text>', 'the text of the message')
    .option('--region <country>', 'the country of the call, ISO 3166-1 alpha-2')
    .option('--confirm-risky', 'a person has approved the call')
    .option('--task <id>', 'go on with this task')
    .action((code: string, text: string, options: InvokeOptions) =>
      run(import('./invoke.ts').then(({ invoke }) => invoke(context(), code, text, options))),
    );
}
