import { PrismaPg } from '@prisma/adapter-pg';
import { unavailable } from '../errors.ts';
import { Prisma, PrismaClient } from './generated/client.ts';

export interface DatabaseOptions {
  url: string;
  /** Connections of this process. */
  poolSize?: number;
}

/** One pool for the process. No statement may outlast its deadline: a request is answered or refused in time. */
export function openDatabase({ url, poolSize = 10 }: DatabaseOptions): PrismaClient {
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: 3_000,
      statement_timeout: 4_500,
      query_timeout: 5_000,
      keepAlive: true,
      // Between two statements of a transaction nobody else listens: a server that says goodbye then must not end us.
      onConnect: (client) => void client.on('error', () => {}),
    },
    { statementNameGenerator: preparedName() },
  );
  return new PrismaClient({ adapter });
}

const MAX_PREPARED = 100;

/** Planning the larger statements costs more than running them: each is planned once a connection. */
function preparedName(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    // Statements that are never the same twice must not fill the server's memory: without a name none is kept.
    if (names.size >= MAX_PREPARED) return '';
    const name = `p${names.size}`;
    names.set(sql, name);
    return name;
  };
}

interface DriverCause {
  kind?: string;
  originalCode?: string;
}

interface DriverError {
  code?: string;
  meta?: { driverAdapterError?: { cause?: DriverCause } };
  cause?: DriverCause;
}

/** Whether a statement failed because the row is there already. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, meta } = error as DriverError;
  return code === 'P2002' || meta?.driverAdapterError?.cause?.kind === 'UniqueConstraintViolation';
}

// 22…: no such value can be; 54…: it is larger than the database can hold.
const VALUE_SQLSTATES = /^(22|54)/;

/** Whether a statement failed by what it was to write: it will fail again. */
export function isOfValue(error: unknown): boolean {
  const { meta } = error as DriverError;
  return VALUE_SQLSTATES.test(meta?.driverAdapterError?.cause?.originalCode ?? '');
}

/** Runs statements, turning a database that cannot be reached or does not answer into `unavailable`. */
export async function reachable<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    if (isOutage(error)) throw unavailable('The record is not reachable at the moment', error);
    throw error;
  }
}

const OUTAGE_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
]);
const OUTAGE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);
// 57P01…3: shutting down or starting up; 57014: the statement's deadline.
const OUTAGE_SQLSTATES = /57P0[1-3]|57014|08\d\d\d|53300/;

function isOutage(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  const { code, meta, cause: ownCause } = error as DriverError;
  if (code !== undefined && OUTAGE_CODES.has(code)) return true;
  // Within a transaction the driver's error comes as it is.
  const cause = meta?.driverAdapterError?.cause ?? ownCause;
  if (cause?.kind !== undefined && OUTAGE_KINDS.has(cause.kind)) return true;
  if (cause?.originalCode !== undefined && OUTAGE_SQLSTATES.test(cause.originalCode)) return true;
  return (
    error instanceof Error &&
    /timeout|ECONNREFUSED|ECONNRESET|Connection terminated|not queryable/i.test(error.message)
  );
}
