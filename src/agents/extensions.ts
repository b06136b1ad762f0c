import type { PublishedAgent } from './catalog.ts';
import type { AgentExtension } from './definition.ts';

/** The card extension whose params hold the JSON Schema of a message's data part. */
export const INPUT_SCHEMA_EXTENSION = 'https://workflow-agent-host.dev/extensions/input-schema/v1';

/** The extension under which every event of a stream is the whole task. */
export const SNAPSHOTS_EXTENSION = 'https://workflow-agent-host.dev/extensions/task-snapshots/v1';

/** The card extension that says that nothing new is to use the agent. */
const DEPRECATED_EXTENSION = 'https://workflow-agent-host.dev/extensions/deprecated/v1';

/** What an agent's card declares: the host's own extensions, then the author's (A2A v1.0 §4.4.4). */
export function extensionsOf({ definition, inputSchema }: PublishedAgent): AgentExtension[] {
  const own: AgentExtension[] = [
    {
      uri: SNAPSHOTS_EXTENSION,
      description: 'Every event of a stream is the whole task as it stands, instead of what changed.',
      required: false,
    },
  ];
  if (inputSchema) {
    own.push({
      uri: INPUT_SCHEMA_EXTENSION,
      description: 'The JSON Schema of the data part that a message to this agent carries.',
      required: false,
      params: { schema: inputSchema },
    });
  }
  if (definition.deprecated !== undefined) {
    own.push({
      uri: DEPRECATED_EXTENSION,
      description: `Deprecated: ${definition.deprecated}`,
      required: false,
    });
  }
  return [...own, ...(definition.extensions ?? []).map((each) => ({ required: false, ...each }))];
}
