import { authContextSecret, pushConfigSecret, receiptSecret } from '../secrets/contexts.ts';
import type { SealedSecrets } from '../secrets/rotate.ts';
import { reachable } from './client.ts';
import { Prisma, type PrismaClient } from './generated/client.ts';

interface Row {
  id: string;
  sealed: string;
  provider: string;
}

/** Where a table keeps its secrets; each row is found by a UUID. */
interface Place {
  table: string;
  id: string;
  sealed: string;
  /** Another column that the context names. */
  provider?: string;
  contextOf(row: Row): string;
}

const PLACES: Place[] = [
  {
    table: 'auth_context',
    id: 'id',
    sealed: 'sealed',
    provider: 'provider_id',
    contextOf: ({ id, provider }) => authContextSecret({ id, providerId: provider }),
  },
  { table: 'push_config', id: 'key', sealed: 'secrets', contextOf: ({ id }) => pushConfigSecret(id) },
  { table: 'receipt', id: 'id', sealed: 'secret', contextOf: ({ id }) => receiptSecret(id) },
];

/** Every table of the record that holds secrets. */
export const sealedSecrets = (db: PrismaClient): SealedSecrets[] =>
  PLACES.map((place) => secretsOf(db, place));

function secretsOf(db: PrismaClient, place: Place): SealedSecrets {
  const [table, id, sealed] = [place.table, place.id, place.sealed].map((name) =>
    Prisma.raw(`"${name}"`),
  ) as [Prisma.Sql, Prisma.Sql, Prisma.Sql];
  const provider = place.provider === undefined ? Prisma.sql`''` : Prisma.raw(`"${place.provider}"`);
  return {
    page: (after, limit) =>
      reachable(async () => {
        const behind = after === undefined ? Prisma.empty : Prisma.sql`and ${id} > ${after}::uuid`;
        const rows = await db.$queryRaw<Row[]>`
          select ${id}::text as id, ${sealed} as sealed, ${provider} as provider from ${table}
          where ${sealed} is not null and ${sealed} <> '' ${behind} order by ${id} limit ${limit}`;
        return rows.map((row) => ({ id: row.id, sealed: row.sealed, context: place.contextOf(row) }));
      }),
    replace: (row, from, to) =>
      reachable(async () => {
        await db.$executeRaw`
          update ${table} set ${sealed} = ${to} where ${id} = ${row}::uuid and ${sealed} = ${from}`;
      }),
  };
}
