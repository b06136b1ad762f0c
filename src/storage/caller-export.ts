import type { CallerLine } from '../data-life/caller-data.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { RECEIPT_COLUMNS, type StoredRow, toStored } from './receipt-rows.ts';
import { NIL_UUID } from './uuid.ts';

/** Rows of one statement; fewer where a row may be large. */
const ROWS = 500;
const TASKS = 100;
const LARGE_ROWS = 20;
/** So many audit entries are looked at in one statement: only some are the caller's. */
const ENTRIES = 5_000;

type Row = Record<string, unknown>;
type Read = (after: Row | undefined) => Prisma.Sql;

/**
 * Everything the record has of a caller, a page at a time. What changes meanwhile is there as it was before or after;
 * a task whose status changes may be there twice, and then its later line holds.
 */
export async function* callerLines(
  db: PrismaClient,
  caller: string,
): AsyncGenerator<CallerLine, void, undefined> {
  yield* lines('key', rowsOf(db, KEYS(caller)));
  yield* lines('credential', rowsOf(db, CREDENTIALS(caller)));
  yield* lines('answer', paged(db, LARGE_ROWS, ANSWERS(caller)));
  yield* lines('elsewhere', paged(db, ROWS, NAMES(caller)));
  yield* lines('published', paged(db, LARGE_ROWS, PUBLISHED(caller)));
  yield* lines('published', paged(db, LARGE_ROWS, PUBLISHED_ELSEWHERE(caller)));
  yield* lines('switch', paged(db, ROWS, SWITCHES(caller)));
  yield* lines('judgement', paged(db, ROWS, JUDGEMENTS(caller)));
  for await (const { agent_code } of rowsOf(db, AGENTS(caller))) {
    yield* taskLines(db, caller, String(agent_code));
  }
  yield* fileLines(db, UNTAKEN(caller));
  yield* receiptLines(db, caller);
  yield* auditLines(db, caller);
}

const KEYS = (caller: string) => Prisma.sql`
  select id, name, scopes, created_at, expires_at, revoked_at, last_used_at from api_key
  where 'key:' || name = ${caller} order by created_at`;

const CREDENTIALS = (owner: string) => Prisma.sql`
  select id::text, provider_id, auth_model, subject, token_preview, expires_at, created_at from auth_context
  where owner = ${owner} order by created_at desc, id desc`;

const ANSWERS =
  (caller: string): Read =>
  (after) =>
    Prisma.sql`
    select route, key, status, body, expires_at from idempotency_key
    where caller = ${caller} and (route, key) > (${after?.route ?? ''}, ${after?.key ?? ''})
    order by route, key limit ${LARGE_ROWS}`;

/** Tasks and contexts at agents elsewhere. */
const NAMES =
  (caller: string): Read =>
  (after) =>
    Prisma.sql`
    select agent_id, kind as what, name, used_at from foreign_name
    where caller = ${caller}
      and (agent_id, kind, name) > (${after?.agent_id ?? ''}, ${after?.what ?? ''}, ${after?.name ?? ''})
    order by agent_id, kind, name limit ${ROWS}`;

const PUBLISHED =
  (by: string): Read =>
  (after) =>
    Prisma.sql`
    select serial::text, code, version, given, published_at, draining_since from published_agent
    where published_by = ${by} and serial > ${after?.serial ?? '0'}::bigint order by published_agent.serial limit ${LARGE_ROWS}`;

/** Agents elsewhere that the caller published here, with their cards. */
const PUBLISHED_ELSEWHERE =
  (by: string): Read =>
  (after) =>
    Prisma.sql`
    select agent_id, provider_id, card_url, card, review, published_at from remote_agent
    where published_by = ${by} and agent_id > ${after?.agent_id ?? ''} order by agent_id limit ${LARGE_ROWS}`;

const SWITCHES =
  (by: string): Read =>
  (after) =>
    Prisma.sql`
    select id::text, subject, subject_id, change, reason, at from switch_change
    where by = ${by} and id > ${after?.id ?? '0'}::bigint order by switch_change.id limit ${ROWS}`;

/** Verdicts that the caller gave, of whose call ever. */
const JUDGEMENTS =
  (by: string): Read =>
  (after) =>
    Prisma.sql`
    select id::text, receipt_id::text, verification, reason, at from receipt_verdict
    where by = ${by} and id > ${after?.id ?? '0'}::bigint order by receipt_verdict.id limit ${ROWS}`;

const AGENTS = (owner: string) => Prisma.sql`
  select distinct agent_code from task where owner = ${owner} order by agent_code`;

async function* taskLines(db: PrismaClient, owner: string, agentCode: string): AsyncGenerator<CallerLine> {
  let after: { status_at: Date; id: string } | undefined;
  for (;;) {
    const from = after?.status_at.toISOString() ?? '-infinity';
    const id = after?.id ?? NIL_UUID;
    const tasks = await rows<{ status_at: Date; id: string }>(
      db,
      Prisma.sql`
        select id::text, alias, agent_code, context_id, state, status_message, status_at, version, shown, scopes,
               metadata, output_modes, problem, created_at, updated_at
        from task where owner = ${owner} and agent_code = ${agentCode}
          and (status_at, id) > (${from}::timestamptz, ${id}::uuid)
        order by status_at, id limit ${TASKS}`,
    );
    for (const task of tasks) yield { kind: 'task', ...task };
    const ids = tasks.map((task) => task.id);
    if (ids.length > 0) yield* partsOf(db, ids);
    after = tasks.at(-1);
    if (tasks.length < TASKS) return;
  }
}

async function* partsOf(db: PrismaClient, taskIds: string[]): AsyncGenerator<CallerLine> {
  yield* lines('message', paged(db, LARGE_ROWS, MESSAGES(taskIds)));
  yield* lines('artifact', paged(db, LARGE_ROWS, ARTIFACTS(taskIds)));
  yield* lines('change', paged(db, ROWS, CHANGES(taskIds)));
  yield* lines('webhook', paged(db, ROWS, WEBHOOKS(taskIds)));
  yield* fileLines(db, FILES(taskIds));
}

async function* fileLines(db: PrismaClient, files: Read): AsyncGenerator<CallerLine> {
  for await (const file of paged(db, ROWS, files)) {
    yield { kind: 'file', ...file };
    for await (const { bytes, ...chunk } of paged(db, 1, CHUNKS(String(file.id)))) {
      yield { kind: 'chunk', ...chunk, base64: Buffer.from(bytes as Uint8Array).toString('base64') };
    }
  }
}

const taskOf = (after: Row | undefined) => Prisma.sql`${after?.task_id ?? NIL_UUID}::uuid`;

const MESSAGES =
  (ids: string[]): Read =>
  (after) =>
    Prisma.sql`
    select task_id::text, id::text as number, message_id, role, body, created_at from task_message
    where task_id = any (${ids}::uuid[]) and (task_id, id) > (${taskOf(after)}, ${after?.number ?? '0'}::bigint)
    order by task_id, id limit ${LARGE_ROWS}`;

const ARTIFACTS =
  (ids: string[]): Read =>
  (after) =>
    Prisma.sql`
    select task_id::text, version, ordinal, artifact_id, body from task_artifact
    where task_id = any (${ids}::uuid[])
      and (task_id, version, ordinal) > (${taskOf(after)}, ${after?.version ?? 0}::int, ${after?.ordinal ?? 0}::int)
    order by task_id, version, ordinal limit ${LARGE_ROWS}`;

const CHANGES =
  (ids: string[]): Read =>
  (after) =>
    Prisma.sql`
    select task_id::text, version, state, status_message, at from task_change
    where task_id = any (${ids}::uuid[]) and (task_id, version) > (${taskOf(after)}, ${after?.version ?? -1}::int)
    order by task_id, version limit ${ROWS}`;

/** Without what they are called with: that is secret. */
const WEBHOOKS =
  (ids: string[]): Read =>
  (after) =>
    Prisma.sql`
    select task_id::text, id, url, shape, state, delivered, failures, problem, created_at from push_config
    where task_id = any (${ids}::uuid[]) and (task_id, id) > (${taskOf(after)}, ${after?.id ?? ''})
    order by task_id, id limit ${ROWS}`;

/** Each with the first of the tasks that hold it, so that its bytes are there once. */
const FILES =
  (ids: string[]): Read =>
  (after) =>
    Prisma.sql`
    select t.task_id::text, f.id, f.media_type, f.filename, f.size, f.kept_at
    from task_file t join file f on f.id = t.file_id
    where t.task_id = any (${ids}::uuid[]) and (t.task_id, t.file_id) > (${taskOf(after)}, ${after?.id ?? ''})
      and not exists (select 1 from task_file o where o.file_id = t.file_id and o.task_id < t.task_id)
    order by t.task_id, t.file_id limit ${ROWS}`;

/** Handed in, and taken by no task yet. */
const UNTAKEN =
  (owner: string): Read =>
  (after) =>
    Prisma.sql`
    select f.id, f.media_type, f.filename, f.size, f.kept_at from file f
    where f.owner = ${owner} and f.id > ${after?.id ?? ''}
      and not exists (select 1 from task_file t where t.file_id = f.id)
    order by f.id limit ${ROWS}`;

const CHUNKS =
  (fileId: string): Read =>
  (after) =>
    Prisma.sql`
    select file_id, ordinal, bytes from file_chunk
    where file_id = ${fileId} and ordinal > ${after?.ordinal ?? -1}::int order by ordinal limit 1`;

async function* receiptLines(db: PrismaClient, caller: string): AsyncGenerator<CallerLine> {
  const read: Read = (after) => Prisma.sql`
    select ${RECEIPT_COLUMNS}, r.request, r.result from receipt r
    where r.caller = ${caller}
      and (r.started_at, r.id) > (${startOf(after)}::timestamptz, ${after?.id ?? NIL_UUID}::uuid)
    order by r.started_at, r.id limit ${LARGE_ROWS}`;
  for await (const row of paged(db, LARGE_ROWS, read)) {
    yield { kind: 'receipt', ...toStored(row as unknown as StoredRow) };
    const verdicts = Prisma.sql`
      select receipt_id::text, verification, by, reason, at from receipt_verdict
      where receipt_id = ${row.id}::uuid order by id`;
    yield* lines('verdict', rowsOf(db, verdicts));
  }
}

const startOf = (after: Row | undefined): string =>
  after === undefined ? '-infinity' : (after.started_at as Date).toISOString();

/** What the caller did, what was refused to it, and what was done about it by others. */
async function* auditLines(db: PrismaClient, caller: string): AsyncGenerator<CallerLine> {
  const name = caller.startsWith('key:') ? caller.slice('key:'.length) : null;
  let after: string | null = '0';
  while (after !== null) {
    const [page]: { last: string | null; entries: Row[] | null }[] = await rows(
      db,
      Prisma.sql`
        with looked as (
          select * from audit_entry where id > ${after}::bigint order by id limit ${ENTRIES}
        )
        select (select max(id)::text from looked) as last,
               (select json_agg(json_build_object('id', id::text, 'at', at, 'event', event, 'caller', caller,
                                                  'address', address, 'detail', detail) order by id)
                from looked
                where caller = ${caller} or detail ->> 'caller' = ${caller}
                   or (event like 'key-%' and detail ->> 'name' = ${name})) as entries`,
    );
    for (const entry of page?.entries ?? []) yield { kind: 'audit', ...entry };
    after = page?.last ?? null;
  }
}

async function* lines(kind: string, found: AsyncIterable<Row>): AsyncGenerator<CallerLine> {
  for await (const row of found) yield { kind, ...row };
}

/** All rows of statements that each give the next ones after a row, at most `limit`. */
async function* paged(db: PrismaClient, limit: number, read: Read): AsyncGenerator<Row> {
  let after: Row | undefined;
  for (;;) {
    const page: Row[] = await rows(db, read(after));
    yield* page;
    after = page.at(-1);
    if (page.length < limit) return;
  }
}

async function* rowsOf(db: PrismaClient, statement: Prisma.Sql): AsyncGenerator<Row> {
  yield* await rows<Row>(db, statement);
}

const rows = <T = Row>(db: PrismaClient, statement: Prisma.Sql): Promise<T[]> =>
  reachable(() => db.$queryRaw<T[]>(statement));
