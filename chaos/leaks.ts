import type { Client } from 'pg';
import type { Member } from '../cluster/member.ts';
import { until } from '../test/support/until.ts';
import type { Ledger } from './ledger.ts';
import { type Memory, memoryOf } from './memory.ts';
import type { Shape } from './shape.ts';

interface Held extends Memory {
  /** Open file descriptors, sockets included. */
  handles: number;
}

/** What a deployment holds while nobody asks anything of it. */
export interface Level {
  members: Map<string, Held>;
  /** To Postgres, of all its processes. */
  connections: number;
}

// Connections that are kept open between requests.
const SPARE_HANDLES = 40;
const SPARE_CONNECTIONS = 10;
// What is kept on purpose, up to a bound: ended tasks, compiled statements, the code of workflows.
const SPARE_HEAP_MB = 40;
const SPARE_RESIDENT_MB = 250;
/** What nobody uses any more is kept open for a while. */
const WITHIN_MS = 90_000;

const membersOf = ({ hosts, workers }: Shape): Member[] => [...hosts, ...workers];

const held = async (member: Member): Promise<Held> => ({
  ...(await memoryOf(member)),
  handles: await member.handles(),
});

export async function levelOf(shape: Shape, record: Client): Promise<Level> {
  const members = await Promise.all(
    membersOf(shape).map(async (member) => [member.name, await held(member)] as const),
  );
  return { members: new Map(members), connections: await connectionsOf(record) };
}

async function connectionsOf(record: Client): Promise<number> {
  const { rows } = await record.query<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  return rows[0]?.count ?? 0;
}

/** What was opened for calls is closed, what they took is given back. @returns the level reached. */
export async function checkLeaks(
  shape: Shape,
  record: Client,
  { ledger, before }: { ledger: Ledger; before: Level },
): Promise<Level> {
  await Promise.all(shape.hosts.map((host) => checkStreams(host, ledger)));
  await Promise.all(membersOf(shape).map((member) => checkHandles(member, ledger, before)));
  await checkConnections(record, ledger, before);
  const after = await levelOf(shape, record);
  for (const [name, now] of after.members) {
    const then = before.members.get(name) as Held;
    const more = (kind: 'heap' | 'resident', spare: number) => {
      if (now[kind] > then[kind] + spare)
        ledger.problems.push(`${name}: ${kind} memory ${mb(now[kind])}, and ${mb(then[kind])} at first`);
    };
    more('heap', SPARE_HEAP_MB);
    more('resident', SPARE_RESIDENT_MB);
  }
  return after;
}

const mb = (value: number): string => `${value.toFixed(0)} MB`;

async function checkStreams(host: Member, ledger: Ledger): Promise<void> {
  const { url } = await host.up();
  const none = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return /^agent_host_streams 0$/m.test(text) || undefined;
  };
  await until('no stream is open', none, WITHIN_MS).catch(() =>
    ledger.problems.push(`${host.name} still has streams open`),
  );
}

async function checkHandles(member: Member, ledger: Ledger, before: Level): Promise<void> {
  const then = before.members.get(member.name)?.handles ?? 0;
  let now = 0;
  const closed = async () => {
    now = await member.handles();
    return now <= then + SPARE_HANDLES || undefined;
  };
  await until('handles are closed', closed, WITHIN_MS).catch(() =>
    ledger.problems.push(`${member.name} has ${now} handles open, and had ${then} at first`),
  );
}

async function checkConnections(record: Client, ledger: Ledger, before: Level): Promise<void> {
  let now = 0;
  const closed = async () => {
    now = await connectionsOf(record);
    return now <= before.connections + SPARE_CONNECTIONS || undefined;
  };
  await until('connections are closed', closed, WITHIN_MS).catch(() =>
    ledger.problems.push(`${now} connections to Postgres, and ${before.connections} at first`),
  );
  const { rows } = await record.query<{ query: string }>(
    `SELECT query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '10 s'`,
  );
  for (const { query } of rows) ledger.problems.push(`a transaction is left open after: ${query}`);
}

/** One line for each process. */
export function showLevels(before: Level, after: Level): string[] {
  const lines = [...after.members].map(([name, now]) => {
    const then = before.members.get(name) as Held;
    return `${name}: ${then.handles} | ${now.handles} handles, ${mb(then.heap)} | ${mb(now.heap)} heap, ${mb(then.resident)} | ${mb(now.resident)} resident`;
  });
  return [...lines, `connections to Postgres: ${before.connections} | ${after.connections}`];
}
