import type { FileStore, NewFile, Purged, StoredFile } from '../tasks/files.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';
import { isUuid } from './uuid.ts';

/** Every chunk but a file's last has this many bytes. */
const CHUNK_BYTES = 256 * 1024;
/** So many bytes go in one statement: more would outlast its deadline. */
const BYTES_AT_ONCE = 256 * 1024 * 1024;

interface FileRow {
  id: string;
  size: number;
  media_type: string | null;
  filename: string | null;
}

/**
 * Files in Postgres, in chunks: no statement is long, whatever the file's size, and a reader holds one chunk at a time.
 * A file that a death has left unfinished is finished by whoever saves it again, or purged.
 */
export class PrismaFileStore implements FileStore {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  save(file: NewFile, taskId?: string): Promise<void> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ complete: boolean }[]>`
        insert into file (id, owner, media_type, filename, size)
        values (${file.id}, ${file.owner}, ${storable(file.mediaType)}, ${storable(file.filename)}, ${file.size})
        on conflict (id) do update set kept_at = now()
        returning complete`;
      if (!row?.complete) await this.#write(file);
      if (taskId === undefined) return;
      await this.#db.$executeRaw`
        insert into task_file (task_id, file_id) values (${taskId}::uuid, ${file.id}) on conflict do nothing`;
    });
  }

  async #write({ id, bytes }: NewFile): Promise<void> {
    for (let ordinal = 0; ordinal * CHUNK_BYTES < bytes.length; ordinal++) {
      const chunk = bytes.subarray(ordinal * CHUNK_BYTES, (ordinal + 1) * CHUNK_BYTES);
      await this.#db.$executeRaw`
        insert into file_chunk (file_id, ordinal, bytes) values (${id}, ${ordinal}, ${chunk})
        on conflict do nothing`;
    }
    await this.#db.$executeRaw`update file set complete = true where id = ${id}`;
  }

  find(
    owner: string | undefined,
    id: string,
    hidden: readonly string[] = [],
  ): Promise<StoredFile | undefined> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<FileRow[]>`
        select id, size, media_type, filename from file f
        where id = ${id} and owner = coalesce(${owner ?? null}, owner) and complete
          and exists (select 1 from task_file t where t.file_id = f.id ${outside(hidden)})`;
      if (row === undefined) return undefined;
      return {
        id: row.id,
        size: row.size,
        mediaType: row.media_type ?? undefined,
        filename: row.filename ?? undefined,
      };
    });
  }

  async *read(id: string, start: number, end: number): AsyncIterable<Uint8Array> {
    for (let at = start; at < end; ) {
      const ordinal = Math.floor(at / CHUNK_BYTES);
      const first = ordinal * CHUNK_BYTES;
      const chunk = await reachable(() =>
        this.#db.fileChunk.findUnique({ where: { fileId_ordinal: { fileId: id, ordinal } } }),
      );
      if (chunk === null) throw new Error(`file ${id} has lost its chunk ${ordinal}`);
      yield chunk.bytes.subarray(at - first, Math.min(end - first, CHUNK_BYTES));
      at = first + CHUNK_BYTES;
    }
  }

  ownerOf(taskId: string): Promise<string | undefined> {
    if (!isUuid(taskId)) return Promise.resolve(undefined);
    return reachable(
      async () => (await this.#db.task.findUnique({ where: { id: taskId }, select: { owner: true } }))?.owner,
    );
  }

  purge(options: { after: string; olderThanMs: number; limit: number }): Promise<Purged> {
    return reachable(async () => {
      const [row] = await this.#db.$queryRaw<{ deleted: number; last: string | null }[]>`
        with looked as (
          select id from file where id > ${options.after} order by id limit ${options.limit}
        ), untaken as (
          select id, sum(size::bigint) over (order by id) - size as before from looked join file f using (id)
          where f.kept_at < now() - make_interval(secs => ${options.olderThanMs / 1000})
            and not exists (select 1 from task_file t where t.file_id = f.id)
        ), gone as (
          delete from file f using untaken u where f.id = u.id and u.before < ${BYTES_AT_ONCE} returning f.id
        )
        select (select count(*) from gone)::int as deleted,
               case when exists (select 1 from untaken where before >= ${BYTES_AT_ONCE}) then (select max(id) from gone)
                    when (select count(*) from looked) = ${options.limit} then (select max(id) from looked) end as last`;
      return { deleted: row?.deleted ?? 0, last: row?.last ?? undefined };
    });
  }
}

/** Postgres takes no NUL and no half characters in text; the part itself has the name as it was given. */
const storable = (text: string | undefined): string | null =>
  text?.replaceAll('\u0000', '').replace(/\p{Surrogate}/gu, '\ufffd') ?? null;

const outside = (hidden: readonly string[]): Prisma.Sql =>
  hidden.length === 0
    ? Prisma.empty
    : Prisma.sql`and exists (select 1 from task where task.id = t.task_id and agent_code <> all (${hidden}::text[]))`;
