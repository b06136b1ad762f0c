/** Where a page of a list ended, as its client is given it. Pure. */

/** The last line of a page: its moment, ISO 8601, and its id, a UUID. */
export interface Place {
  at: string;
  id: string;
}

export const writePlace = ({ at, id }: Place): string =>
  Buffer.from(JSON.stringify([at, id])).toString('base64url');

/** Undefined for what no list of this host gave. */
export function readPlace(token: string): Place | undefined {
  try {
    const [at, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [string, string];
    // Years that Postgres does not read are none of ours.
    const isMoment = YEAR.test(at) && new Date(at).toISOString() === at;
    return isMoment && UUID.test(id) ? { at, id } : undefined;
  } catch {
    return undefined;
  }
}

const YEAR = /^(?!0000)\d{4}-/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
