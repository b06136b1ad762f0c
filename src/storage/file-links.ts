import { Prisma } from './generated/client.ts';

/**
 * One more part of a `with`: the tasks in `tasks`, rows of id and owner, take the files with these ids. What is not
 * their owner's they do not get. Nothing for no files, so that the usual statement is no longer for it.
 */
export const takingFiles = (ids: string[], tasks: Prisma.Sql): Prisma.Sql =>
  ids.length === 0
    ? Prisma.empty
    : Prisma.sql`, taken as (
        insert into task_file (task_id, file_id)
        select own.id, f.id from ${tasks} own
        join file f on f.id = any (${ids}::text[]) and f.owner = own.owner and f.complete
        on conflict do nothing
      )`;
