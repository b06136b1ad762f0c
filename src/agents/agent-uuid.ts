import { createHash } from 'node:crypto';

/** The namespace of agents' UUIDs: RFC 9562 §5.5 over this host's name for what it publishes. */
const NAMESPACE = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');
const NAME = 'https://workflow-agent-host.dev/agents/';

/** The UUID that an agent has beside its id, on every host: version 5, in RFC 9562's namespace of URLs. */
export function agentUuid(agentId: string): string {
  const digest = createHash('sha1').update(NAMESPACE).update(`${NAME}${agentId}`).digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
