import { Router } from 'express';
import type { OpenApiDocument } from './document.ts';
import { documentPage, PAGE_POLICY } from './page.ts';

const CACHE_CONTROL = 'public, max-age=300';

/** `GET /openapi.json`, and `GET /docs`, which shows it. */
export function openApiRoutes(document: OpenApiDocument): Router {
  const json = JSON.stringify(document);
  const page = documentPage(document);
  const router = Router();
  router.get('/openapi.json', (_req, res) => {
    res.set('Cache-Control', CACHE_CONTROL).type('application/json').send(json);
  });
  router.get('/docs', (_req, res) => {
    res.set({ 'Cache-Control': CACHE_CONTROL, 'Content-Security-Policy': PAGE_POLICY });
    res.type('html').send(page);
  });
  return router;
}
