import { type Response, Router } from 'express';

/** Before the path of the resource (RFC 9728 §3.1). */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource';

export interface ResourceMetadataOptions {
  publicUrl: string;
  /** The path of a resource that has its own. */
  path: string;
  issuer: string;
  dpopAlgorithms: string | undefined;
}

const SCOPES = ['agents:read', 'agents:invoke', 'receipts:read', 'admin'];

/** Which issuer's access tokens are taken, for clients that know only the address (RFC 9728): of the host, and of one path. */
export function resourceMetadataRoutes({
  publicUrl,
  path,
  issuer,
  dpopAlgorithms,
}: ResourceMetadataOptions): Router {
  const router = Router();
  const base = publicUrl.replace(/\/+$/, '');
  const answer = (resource: string) => (_req: unknown, res: Response) => {
    res.set('Cache-Control', 'public, max-age=300').json({
      resource,
      authorization_servers: [issuer],
      scopes_supported: SCOPES,
      bearer_methods_supported: ['header'],
      ...(dpopAlgorithms !== undefined && { dpop_signing_alg_values_supported: dpopAlgorithms.split(' ') }),
      resource_name: 'workflow-agent-host',
    });
  };
  router.get(RESOURCE_METADATA_PATH, answer(base));
  router.get(`${RESOURCE_METADATA_PATH}${path}`, answer(`${base}${path}`));
  return router;
}
