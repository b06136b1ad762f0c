import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Request, type Response, Router } from 'express';

export interface ConsoleOptions {
  /** Where the built page lies: `index.html`, and `assets/` whose names hold their digests. */
  folder: string;
  /** What the page is told of the host; public. */
  settings: object;
  /** Origins beside the host's own that the page may call: where its users sign in. */
  connect?: readonly string[];
}

/** The page runs what the host serves it and nothing else, and makes no markup of text but what was made safe. */
const pagePolicy = (connect: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data: blob:",
    `connect-src ${["'self'", ...connect].join(' ')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types dompurify',
  ].join('; ');

/** It asks a device for nothing but to copy text. */
const PERMISSIONS = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb']
  .map((feature) => `${feature}=()`)
  .join(', ');

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
};

const compress = promisify(gzip);

/** A file of the page, kept whole: there are few, and they are small. */
class PageFile {
  readonly #type: string;
  readonly #body: Buffer;
  #packed: Promise<Buffer> | undefined;

  constructor(folder: string, name: string) {
    this.#type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    this.#body = readFileSync(join(folder, name));
  }

  async answer(req: Request, res: Response): Promise<void> {
    res.set({ 'Content-Type': this.#type, Vary: 'Accept-Encoding' });
    if (!this.#type.startsWith('font/') && req.acceptsEncodings('gzip')) {
      res.set('Content-Encoding', 'gzip');
      this.#packed ??= compress(this.#body);
      res.send(await this.#packed);
    } else res.send(this.#body);
  }
}

/**
 * The console: `GET /` for browsers, its assets, and `GET /console.json`, what it is told of the host. Who does not ask
 * `/` for HTML finds nothing there.
 */
export function consoleRoutes({ folder, settings, connect = [] }: ConsoleOptions): Router {
  const files = pageFiles(folder);
  const policy = pagePolicy(connect);
  const router = Router();
  router.get('/', async (req, res, next) => {
    const page = files.get('index.html');
    res.vary('Accept');
    if (page === undefined || req.accepts(['json', 'html']) !== 'html') return next();
    res.set({
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': policy,
      'Permissions-Policy': PERMISSIONS,
    });
    await page.answer(req, res);
  });
  router.get('/assets/:file', async (req, res, next) => {
    const file = files.get(`assets/${req.params.file}`);
    if (file === undefined) return next();
    res.set('Cache-Control', 'public, max-age=31536000, immutable');
    await file.answer(req, res);
  });
  router.get('/console.json', (_req, res) => {
    res.json(settings);
  });
  return router;
}

/** By name; none where the page was not built, as when the host runs from its sources. */
function pageFiles(folder: string): Map<string, PageFile> {
  return new Map(
    ['', 'assets/'].flatMap((below) =>
      namesIn(join(folder, below)).map((name) => [below + name, new PageFile(join(folder, below), name)]),
    ),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
