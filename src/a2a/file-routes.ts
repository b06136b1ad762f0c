import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import { type Caller, isAdmin } from '../auth/caller.ts';
import type { Files, StoredFile } from '../tasks/files.ts';
import { answerError } from '../web/json-body.ts';

export interface FileRoutesOptions {
  files: Files;
  callerOf(req: Request): Caller;
  /** The codes of the agents whose tasks are not there for this caller. */
  hiddenFrom(caller: Caller): string[];
}

/**
 * `GET /files/{id}` and `/files/{id}/{filename}`: the bytes of a file, for the owner of the task that holds it, for
 * admins and for nobody else. One range at a time (RFC 9110 §14).
 */
export function fileRoutes({ files, callerOf, hiddenFrom }: FileRoutesOptions): Router {
  const router = Router();
  router.get('/files/:id{/:filename}', async (req, res, next) => {
    // What is no id of ours may be the path of an agent that is named so.
    if (!FILE_ID.test(String(req.params.id))) return next();
    const caller = callerOf(req);
    const file = await files.find(
      isAdmin(caller) ? undefined : caller.id,
      String(req.params.id),
      hiddenFrom(caller),
    );
    if (file === undefined) return answerError(res, 404, 'There is no such file');
    writeHeaders(res, file);
    if (req.fresh) return void res.status(304).end();
    const range = rangeOf(req, file);
    if (range === 'unsatisfiable') {
      res.removeHeader('Content-Disposition');
      res.setHeader('Content-Range', `bytes */${file.size}`);
      return answerError(res, 416, `The file has ${file.size} bytes`);
    }
    const { start, end } = range ?? { start: 0, end: file.size };
    if (range !== undefined) {
      res.status(206).setHeader('Content-Range', `bytes ${start}-${end - 1}/${file.size}`);
    }
    res.setHeader('Content-Length', end - start);
    if (req.method === 'HEAD') return void res.end();
    await send(files.pieces(file.id, start, end), res);
  });
  return router;
}

/** A browser that shows one all the same runs, loads and sends nothing of it. */
const FILE_POLICY =
  "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A SHA-256 in base64url. */
const FILE_ID = /^[\w-]{43}$/;
/** RFC 9110 §8.3.1, with parameters. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[\w !#$&^.+\-/:;=?@,]*"|[\w!#$&^.+-]+))*$/;

/** A client said what it is, so a browser is neither to guess nor to show it as a page of this host. */
function writeHeaders(res: Response, { id, mediaType, filename }: StoredFile): void {
  res.attachment(filename);
  const named = mediaType !== undefined && MEDIA_TYPE.test(mediaType);
  res.setHeader('Content-Type', named ? mediaType : 'application/octet-stream');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Content-Security-Policy', FILE_POLICY);
  res.setHeader('Cache-Control', 'private, no-cache');
  res.setHeader('Accept-Ranges', 'bytes');
  res.setHeader('ETag', `"${id}"`);
}

/** The one range that is asked for; several are answered with the whole file, as they may be (§14.2). */
function rangeOf(req: Request, { id, size }: StoredFile) {
  const condition = req.get('If-Range');
  if (condition !== undefined && condition !== `"${id}"`) return undefined;
  const ranges = req.range(size);
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === undefined || ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1)
    return undefined;
  const [range] = ranges;
  return range && { start: range.start, end: range.end + 1 };
}

/** As fast as the client reads. */
async function send(pieces: AsyncIterable<Uint8Array>, res: Response): Promise<void> {
  try {
    await pipeline(pieces, res);
  } catch (error) {
    // The client has gone.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
