import type { AgentCard, AgentSkill } from '@a2a-js/sdk';
import { INPUT_SCHEMA_EXTENSION } from '../../agents/extensions.ts';
import { indent, plain } from './text.ts';

/** A v1.0 card for a person. */
export function cardLines(card: AgentCard): string[] {
  const provider = card.provider?.organization;
  return [
    `${plain(card.name)} ${plain(card.version)}${provider ? ` by ${plain(provider)}` : ''}`,
    plain(card.description),
    '',
    `takes  ${card.defaultInputModes.map(plain).join(', ')}`,
    `gives  ${card.defaultOutputModes.map(plain).join(', ')}`,
    ...interfaceLines(card),
    '',
    'skills',
    ...card.skills.flatMap(skillLines),
    ...inputLines(card),
  ];
}

const interfaceLines = ({ supportedInterfaces }: AgentCard): string[] =>
  supportedInterfaces.map(
    ({ url, protocolBinding, protocolVersion }) =>
      `speaks ${plain(protocolBinding)} ${plain(protocolVersion)} at ${plain(url)}`,
  );

function skillLines({ name, description, tags, examples }: AgentSkill): string[] {
  return [
    `  ${plain(name)}`,
    indent(plain(description), '    '),
    ...(tags.length > 0 ? [`    tags: ${tags.map(plain).join(', ')}`] : []),
    ...examples.map((example) => `    for example: ${plain(example).replace(/\n/g, ' ⏎ ')}`),
  ];
}

function inputLines({ capabilities }: AgentCard): string[] {
  const schema = capabilities?.extensions.find(({ uri }) => uri === INPUT_SCHEMA_EXTENSION)?.params?.schema;
  if (schema === undefined) return [];
  return ['', 'data (JSON Schema)', indent(plain(JSON.stringify(schema, null, 2)))];
}
