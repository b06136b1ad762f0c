import cors from 'cors';
import { type RequestHandler, Router } from 'express';
import helmet from 'helmet';

/** What a page's script may read of an answer beside its body. */
const EXPOSED = [
  'A2A-Extensions',
  'Content-Disposition',
  'DPoP-Nonce',
  'ETag',
  'Idempotent-Replayed',
  'Location',
  'Mcp-Session-Id',
  'Retry-After',
  'WWW-Authenticate',
  'X-A2A-Extensions',
];
const PREFLIGHT_S = 600;

export interface BrowserOptions {
  /** Origins whose pages may call; `*` for any. */
  corsOrigins: readonly string[];
  publicUrl: string;
}

/**
 * What browsers are told with every answer: nothing here is a page, to be guessed at, framed or cached; and whose
 * pages may call (CORS): none but those of the origins given. No cookie lets anybody in, so that none is asked for.
 */
export function browserHeaders({ corsOrigins, publicUrl }: BrowserOptions): RequestHandler {
  const router = Router();
  router.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          // These do not follow the default.
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: publicUrl.startsWith('https:'),
      xFrameOptions: { action: 'deny' },
      // For plug-ins and browsers of long ago.
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
    (_req, res, next) => {
      // What may be cached says so itself.
      res.setHeader('Cache-Control', 'no-store');
      next();
    },
  );
  if (corsOrigins.length > 0) {
    const origin = corsOrigins.includes('*') ? '*' : [...corsOrigins];
    router.use(cors({ origin, exposedHeaders: EXPOSED, maxAge: PREFLIGHT_S }));
  }
  return router;
}
