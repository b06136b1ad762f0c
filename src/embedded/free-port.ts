import { createServer } from 'node:net';

/** A port of 127.0.0.1 that was free a moment ago; who uses it must be ready to try another. */
export const freePort = (): Promise<number> => listenBriefly(0);

/** @param wanted 0 for any. @throws Error when it is taken. */
export function listenBriefly(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
