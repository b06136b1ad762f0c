import type { Finding } from './find-agents.ts';

/** What the directory says of what it found, in plain words: each agent with the address of its card. */
export function answerText(query: string, { total_count, resources }: Finding): string {
  const asked = query.trim() !== '';
  if (total_count === 0) return asked ? 'No agent fits that.' : 'No agent is published.';
  const agents = total_count === 1 ? '1 agent' : `${total_count} agents`;
  const be = total_count === 1 ? 'is' : 'are';
  const head = asked ? `${agents} ${total_count === 1 ? 'fits' : 'fit'}` : `${agents} ${be} published`;
  const more = total_count > resources.length ? (asked ? ', these best' : ', these among them') : '';
  const lines = resources.map(
    ({ name, description, location }) => `- ${name}: ${description} ${location.url}`,
  );
  return [`${head}${more}:`, ...lines].join('\n');
}
