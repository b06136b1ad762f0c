import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { AUDIENCE, startAuthorizationServer } from '../../test/support/authorization-server.ts';
import { startGround } from '../../test/support/ground.ts';
import { keysOn } from '../../test/support/keys.ts';
import { startProduct } from '../../test/support/product.ts';
import { agentUrl, post, userMessage } from '../../test/support/rpc.ts';
import { startChild } from '../child.ts';
import { compare, type Figures } from '../compare.ts';
import type { HttpRequest } from '../load/connection.ts';
import { FRESH_PROOF, type ProofKey } from '../load/proofs.ts';
import { type Row, row } from '../report.ts';
import { getRequest, sendRequest } from '../rpc-requests.ts';
import { httpContestant, onServers, type Servers } from '../setting.ts';
import { figureRows, inShort } from './rows.ts';

const NONE = 'no credential';
const AGENT = 'bench-empty';
const WAYS = ['API key', 'access token', 'DPoP'] as const;
type Way = (typeof WAYS)[number];

/**
 * A send and a get with each credential, beside the same without one. Once a host has a key it asks everybody, so there
 * are two, each on servers of its own.
 */
export async function credentials(servers: Servers): Promise<Row[]> {
  const [issuer, ground] = await Promise.all([startAuthorizationServer(), startGround()]);
  const load = await startChild(new URL('../load/http-load.ts', import.meta.url), undefined);
  const open = await startProduct(onServers(servers));
  const guarded = await startProduct({
    ...onServers({ ...ground.direct }),
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: AUDIENCE,
  });
  const keys = keysOn(ground.direct.databaseUrl);
  try {
    const scopes = 'agents:read,agents:invoke';
    const key = await keys.make('bench', scopes);
    const proof = await proofKey(issuer, agentUrl(guarded.url, AGENT));
    const headers: Record<Way, Record<string, string>> = {
      'API key': { Authorization: `Bearer ${key}` },
      'access token': { Authorization: `Bearer ${await issuer.token()}` },
      DPoP: { Authorization: `DPoP ${proof.token}`, DPoP: FRESH_PROOF },
    };
    const contestants = (request: (base: string, way: Way | typeof NONE) => HttpRequest, expect: string) => [
      httpContestant(NONE, load, { requests: [request(open.url, NONE)], expect }),
      ...WAYS.map((way) => {
        const { headers: others, ...plain } = request(guarded.url, way);
        const requests = [{ ...plain, headers: { ...others, ...headers[way] } }];
        return httpContestant(way, load, { requests, expect, ...(way === 'DPoP' ? { proof } : {}) });
      }),
    ];
    const rows: Row[] = [];
    const sends = contestants((base) => sendRequest(base, AGENT), '"TASK_STATE_COMPLETED"');
    rows.push(...rowsOf(`blocking send, ${inShort(1)}`, await compare(sends, { clients: 1, ms: 1_500 }), 1));
    const ofToken = await endedTask(guarded.url, headers['access token']);
    const ids = {
      [NONE]: await endedTask(open.url, {}),
      'API key': await endedTask(guarded.url, headers['API key']),
      'access token': ofToken,
      // Of the same subject.
      DPoP: ofToken,
    };
    const gets = contestants(
      (base, way) => getRequest(agentUrl(base, AGENT), ids[way]),
      '"TASK_STATE_COMPLETED"',
    );
    for (const clients of [1, 50]) {
      rows.push(
        ...rowsOf(`tasks/get, ${inShort(clients)}`, await compare(gets, { clients, ms: 1_000 }), clients),
      );
    }
    return rows;
  } finally {
    await keys.close();
    await load.end();
    await Promise.all([open.end('SIGTERM'), guarded.end('SIGTERM')]);
    await Promise.all([issuer.stop(), ground.stop()]);
  }
}

async function proofKey(
  issuer: Awaited<ReturnType<typeof startAuthorizationServer>>,
  url: string,
): Promise<ProofKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const jkt = await calculateJwkThumbprint(jwk);
  const token = await issuer.forge({ scope: 'agents:invoke', cnf: { jkt } });
  return { privateJwk: jwk as ProofKey['privateJwk'], token, url };
}

/** Many at once wait for the machine: what one credential costs is seen where one asks. */
function rowsOf(name: string, figures: Map<string, Figures>, clients: number): Row[] {
  const aimed = clients === 1;
  const none = figures.get(NONE) as Figures;
  return WAYS.flatMap((way) => {
    const ours = figures.get(way) as Figures;
    const targets = aimed && way === 'API key' ? { p50: { of: 'ratio', atMost: 1.05 } as const } : {};
    return [
      ...figureRows(`${name}, ${way}`, ours, [{ name: NONE, figures: none, targets }]),
      row(`${name}, ${way}: p50 above ${NONE}`, 'ms', Math.max(0, ours.p50 - none.p50), {
        ...(aimed && way === 'DPoP' ? { target: { of: 'ours', atMost: 2 } } : {}),
      }),
    ];
  });
}

async function endedTask(base: string, headers: Record<string, string>): Promise<string> {
  const params = { message: userMessage('Hello') };
  const body = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params };
  const sent = await post(agentUrl(base, AGENT), body, { 'A2A-Version': '1.0', ...headers });
  return sent.body.result.task.id;
}
