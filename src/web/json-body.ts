import type { Request, RequestHandler, Response } from 'express';

/** An error of a plain HTTP route, in this surface's shape. */
export function answerError(res: Response, status: number, message: string): void {
  res.status(status).json({ message, status });
}

const LINGER_MS = 2_000;

class BodyError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How a surface tells that a body cannot be taken: 400 not JSON, 413 too large, 415 another type. */
type Refuse = (res: Response, status: number, message: string) => void;

/**
 * Reads a JSON body of at most `limit` bytes into `req.body`; undefined when there is none. Unlike
 * `express.json` it stops reading at the limit.
 */
export function jsonBody(limit: number, refuse: Refuse = answerError): RequestHandler {
  return async (req, res, next) => {
    try {
      req.body = await readBody(req, limit);
    } catch (error) {
      // The client hung up: nobody is there to be answered, and nothing went wrong here.
      if (res.headersSent || (req.destroyed && !req.complete)) return;
      if (!(error instanceof BodyError)) return next(error);
      if (!req.complete) discardRest(req);
      return refuse(res, error.status, error.message);
    }
    // It took so long that it was refused.
    if (res.headersSent) return;
    next();
  };
}

/**
 * A client that is still sending would not see the answer if the connection broke off under it: what comes is
 * thrown away for a moment, and only then is the connection cut.
 */
function discardRest(req: Request): void {
  req.resume();
  const cut = setTimeout(() => req.destroy(), LINGER_MS).unref();
  req.once('end', () => clearTimeout(cut));
  req.once('close', () => clearTimeout(cut));
}

async function readBody(req: Request, limit: number): Promise<unknown> {
  if (!hasBody(req)) return undefined;
  if (!req.is(['json', '+json'])) throw new BodyError(415, 'Content-Type must be application/json');
  if ((req.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new BodyError(415, 'Content-Encoding is not supported');
  }
  const text = decode(await collect(req, limit));
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new BodyError(400, 'The body is not JSON');
  }
}

const hasBody = (req: Request): boolean =>
  req.get('transfer-encoding') !== undefined || Number(req.get('content-length') ?? 0) > 0;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new BodyError(400, 'The body is not UTF-8');
  }
}

function collect(req: Request, limit: number): Promise<Buffer> {
  const tooLarge = () => new BodyError(413, `The body is larger than ${limit} bytes`);
  if (Number(req.get('content-length') ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      req.removeAllListeners('data');
      req.pause();
      reject(tooLarge());
    });
    req.once('end', () => resolve(Buffer.concat(chunks)));
    req.once('error', reject);
  });
}
