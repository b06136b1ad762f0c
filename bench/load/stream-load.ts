/** The process that holds streams open and notes when each event of each arrives. */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { serveRequests } from '../child.ts';
import { encode, type HttpRequest } from './connection.ts';

/** Requests are taken in turn. */
export type StreamRequest = { open: HttpRequest[]; count: number } | { collect: true };

/** For each change, by its number: how long each subscriber waited for it, ms. */
export type Waits = Map<number, number[]>;

const TICK = /"tick":(\d+),"at":([\d.]+)/g;
// A host takes no more than this at once without refusing some.
const OPENING_AT_ONCE = 100;

let sockets: Socket[] = [];
let waits: Waits = new Map();

serveRequests(async () => async (request: StreamRequest): Promise<unknown> => {
  if ('collect' in request) return close();
  waits = new Map();
  const requests = request.open.map((each) => ({ url: each.url, bytes: encode(each) }));
  for (let opened = 0; opened < request.count; opened += OPENING_AT_ONCE) {
    const wave = Math.min(OPENING_AT_ONCE, request.count - opened);
    const next = Array.from({ length: wave }, (_, at) => requests[(opened + at) % requests.length]);
    sockets.push(...(await Promise.all(next.flatMap((each) => (each ? open(each.url, each.bytes) : [])))));
  }
  return undefined;
});

function close(): Waits {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  return waits;
}

/** Resolves with the stream's first event. */
function open(url: string, request: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let rest = '';
    socket.once('connect', () => socket.write(request));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed a stream')));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const now = performance.timeOrigin + performance.now();
      rest += chunk;
      const end = rest.lastIndexOf('\n\n');
      if (end === -1) return;
      note(rest.slice(0, end), now);
      rest = rest.slice(end + 2);
      resolve(socket);
    });
  });
}

function note(events: string, now: number): void {
  for (const [, tick, at] of events.matchAll(TICK)) {
    const number = Number(tick);
    const known = waits.get(number);
    if (known === undefined) waits.set(number, [now - Number(at)]);
    else known.push(now - Number(at));
  }
}
