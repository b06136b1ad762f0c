import { AgentCard } from '@a2a-js/sdk';
import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { fetchCard } from './remote/agent.ts';
import { searchAgents } from './remote/registry.ts';
import { cardLines } from './show/card.ts';
import { table } from './show/text.ts';

export async function listAgents(context: CommandContext, query?: string): Promise<ExitCode> {
  const { output } = context;
  const agents = await searchAgents(context, query);
  output.object({ agents, total: agents.length });
  if (agents.length === 0) {
    output.text(query ? `No agent matches ${JSON.stringify(query)}.` : 'No agent is published.');
    return EXIT.ok;
  }
  const rows = agents.map(({ id, name, description }) => [id, name, description]);
  output.text(...table(['code', 'name', 'description'], rows, output.width));
  return EXIT.ok;
}

export async function showCard(context: CommandContext, code: string): Promise<ExitCode> {
  const { output } = context;
  const card = await fetchCard(context, code);
  output.object(card);
  output.text(...cardLines(AgentCard.fromJSON(card)));
  return EXIT.ok;
}
