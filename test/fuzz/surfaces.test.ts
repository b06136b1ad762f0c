/** What comes over a socket, to the surfaces as they are, on a real record; and who says that they send it. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { Message } from '@a2a-js/sdk';
import { A2AService } from '@a2a-js/sdk/server/grpc';
import { Client, status as codes, credentials, type ServiceError } from '@grpc/grpc-js';
import fc from 'fast-check';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type GrpcListening, listenGrpc } from '../../src/a2a/grpc/server.ts';
import { AgentRequestHandler } from '../../src/a2a/request-handler.ts';
import { agentSurface } from '../../src/a2a/surface.ts';
import { CardBook } from '../../src/agents/cards.ts';
import { AgentCatalog } from '../../src/agents/catalog.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { Capacity } from '../../src/auth/limits/capacity.ts';
import { ProofChecker } from '../../src/auth/oidc/dpop.ts';
import { OidcVerifier } from '../../src/auth/oidc/token-verifier.ts';
import { Refusal } from '../../src/auth/refusal.ts';
import { OpenRequests } from '../../src/web/open-requests.ts';
import { agentOf } from '../support/agents.ts';
import { callerNamed, NO_LIMITS } from '../support/callers.ts';
import { serveRouter } from '../support/http.ts';
import { pushServiceOn } from '../support/push.ts';
import { userMessage, type Wire } from '../support/rpc.ts';
import { silentLog, startTaskGround, type TaskGround } from '../support/tasks.ts';
import { feed, nearly, repeated, spoiled, text, thrownBy } from './feed.ts';

describe('an agent’s address', () => {
  let ground: TaskGround;
  let server: Awaited<ReturnType<typeof serveRouter>>;
  let grpc: GrpcListening;
  let client: Client;
  let taskId = randomUUID();
  const requests = new OpenRequests();

  beforeAll(async () => {
    ground = await startTaskGround();
    const catalog = new AgentCatalog([agentOf('echo')]);
    const cards = new CardBook({ catalog, publicUrl: 'http://host', modifiedAt: new Date() });
    const push = pushServiceOn(ground);
    const refusals = async () => () => undefined;
    const common = { tasks: ground.tasks, push, log: silentLog };
    const { router } = agentSurface({
      ...common,
      catalog,
      cards,
      registry: { sync: async () => {}, search: async () => ({ total: 0, agents: [] }) },
      files: ground.files,
      publicUrl: 'http://host',
      cardVersion: '1.0',
      sendWaitMs: 300,
      maxBody: 100_000,
      requests,
      refusals,
      ...NO_LIMITS,
    });
    server = await serveRouter('/a2a', router);
    const own = cards.get('echo');
    const agent = agentOf('echo');
    grpc = await listenGrpc({
      host: '127.0.0.1',
      port: 0,
      maxBody: 100_000,
      around: (_call, run) => void run(() => {}),
      log: silentLog,
    });
    grpc.serve({
      agent: () =>
        own && new AgentRequestHandler({ ...common, agent, cards: own, streams: NO_LIMITS.streams }),
      defaultAgent: 'echo',
      callerOf: async () => callerNamed('alice'),
      requests,
      capacity: new Capacity({ requests: 100, streams: 100 }),
      refusals,
      sendWaitMs: 300,
    });
    client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
    const { body } = await ask(
      'POST',
      '/echo',
      {},
      JSON.stringify(rpc('SendMessage', { message: userMessage('x') })),
    );
    taskId = JSON.parse(body).result.task.id;
  });

  afterAll(async () => {
    client.close();
    requests.stop();
    await Promise.all([grpc.close(), server.close()]);
    await ground.stop();
  });

  const rpc = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });

  /** Of a header what HTTP can carry at all. */
  const carried = (value: string) => value.replace(/[^\x20-\x7e\x80-\xff]/g, '').slice(0, 8_000);

  const encoded = (path: string) =>
    path.replace(/\p{Surrogate}/gu, '_').replace(/[^\x21-\x7e]/gu, encodeURIComponent);

  function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
    const { hostname, port } = new URL(server.url);
    return new Promise<{ status: number; body: string }>((resolve, reject) => {
      const given = {
        method,
        hostname,
        port,
        path: `/a2a${encoded(path.slice(0, 800))}`,
        headers: { 'a2a-version': '1.0', 'content-type': 'application/json', ...headers },
        signal: AbortSignal.timeout(20_000),
      };
      request(given, (answer) => {
        textOf(answer).then((told) => resolve({ status: answer.statusCode ?? 0, body: told }), reject);
      })
        .on('error', reject)
        .end(body);
    });
  }

  /** Never a fault of ours, and never what only our log should have. */
  function isFine({ status, body }: { status: number; body: string }) {
    expect(status, body).toBeLessThan(500);
    expect(body).not.toMatch(/-32603|node_modules|prisma|postgres/i);
  }

  const sends = () => ({
    message: userMessage([{ text: 'x' }, { data: { a: 1 } }, { raw: 'AAAA', filename: 'a' }, { url: 'x:y' }]),
    configuration: { historyLength: 1, returnImmediately: true },
    metadata: { a: 1 },
  });
  const bodies = [
    rpc('SendMessage', sends()),
    rpc('GetTask', { id: randomUUID(), historyLength: 1 }),
    rpc('ListTasks', { contextId: 'c', pageSize: 3, pageToken: 'WyIyMDI2Il0', status: 'TASK_STATE_WORKING' }),
    rpc('CreateTaskPushNotificationConfig', { taskId: randomUUID(), url: 'https://192.0.2.1/x', token: 't' }),
    rpc('CancelTask', { id: randomUUID() }),
    rpc('message/send', {
      message: { kind: 'message', role: 'user', messageId: 'm', parts: [{ kind: 'text', text: 'x' }] },
      configuration: { blocking: false },
    }),
    rpc('tasks/send', {
      id: 'mine',
      sessionId: 's',
      message: { role: 'user', parts: [{ type: 'text', text: 'x' }] },
    }),
  ];
  const versions = fc.constantFrom('1.0', '0.3', '');

  feed('JSON-RPC: values', fc.tuple(spoiled(...bodies, bodies), versions), async ([given, version]) => {
    isFine(await ask('POST', '/echo', { 'a2a-version': version }, JSON.stringify(given) ?? ''));
  });
  feed(
    'JSON-RPC: text',
    fc.tuple(
      fc.oneof(nearly(...bodies.map((each) => JSON.stringify(each))), repeated('[', '{"a":', '"')),
      versions,
    ),
    async ([given, version]) => {
      isFine(await ask('POST', '/echo', { 'a2a-version': version }, given));
    },
  );

  const paths = () => [
    `/echo/rest/tasks/${taskId}?historyLength=2`,
    '/echo/rest/tasks?contextId=c&pageSize=5&pageToken=WyJhIl0&status=TASK_STATE_WORKING&includeArtifacts=true',
    `/echo/rest/tasks/${taskId}/pushNotificationConfigs/x`,
    `/echo/tasks/${taskId}/deliveries`,
    '/echo/.well-known/agent-card.json?A2A-Version=0.3',
    `/files/${'a'.repeat(43)}/name.txt`,
  ];
  /** What Express cannot decode reaches no surface: the host's app answers it. */
  const isDecodable = (path: string) => {
    try {
      decodeURIComponent(path.split('?', 1)[0] ?? '');
      return true;
    } catch {
      return false;
    }
  };
  feed(
    'HTTP+JSON: paths and queries',
    fc.constant(0).chain(() => nearly(...paths())),
    async (given) => {
      const path = given.startsWith('/') ? given : `/${given}`;
      if (isDecodable(path)) isFine(await ask('GET', path));
    },
  );
  feed('HTTP+JSON: bodies', spoiled(sends()), async (given) => {
    isFine(await ask('POST', '/echo/rest/message:send', {}, JSON.stringify(given) ?? ''));
  });

  feed(
    'headers',
    fc.record({
      'a2a-version': fc.oneof(text, nearly('1.0')).map(carried),
      'a2a-extensions': fc.oneof(text, nearly('https://a.example/x, urn:y'), repeated(',', 'u')).map(carried),
      accept: fc.oneof(text, nearly('application/a2a+json;q=0.5, */*')).map(carried),
      'content-type': fc.oneof(text, nearly('application/json; charset=utf-8')).map(carried),
      'if-none-match': fc.oneof(text, nearly('W/"x", "y"')).map(carried),
      range: fc.oneof(text, nearly('bytes=0-1,5-')).map(carried),
      'last-event-id': text.map(carried),
    }),
    async (headers) => {
      const small = JSON.stringify(rpc('GetTask', { id: 'x' }));
      isFine(await ask('POST', '/echo', headers, small));
      isFine(await ask('GET', '/echo/.well-known/agent-card.json', headers));
    },
  );

  const METHODS = [
    'sendMessage',
    'getTask',
    'listTasks',
    'cancelTask',
    'createTaskPushNotificationConfig',
  ] as const;
  const message = Message.fromJSON(userMessage('x'));
  const samples: Record<(typeof METHODS)[number], Wire> = {
    sendMessage: { message, tenant: '' },
    getTask: { id: 'x', tenant: '' },
    listTasks: { contextId: '', status: 0, pageToken: 'a', tenant: '' },
    cancelTask: { id: 'x', tenant: '' },
    createTaskPushNotificationConfig: {
      taskId: 'x',
      id: '',
      url: 'https://192.0.2.1',
      token: '',
      tenant: '',
    },
  };
  const call = (method: (typeof METHODS)[number], bytes: Buffer) =>
    new Promise<ServiceError | null>((resolve) => {
      const same = (each: Buffer) => each;
      const deadline = { deadline: Date.now() + 20_000 };
      client.makeUnaryRequest(A2AService[method].path, same, same, bytes, deadline, (error) =>
        resolve(error),
      );
    });
  feed(
    'gRPC',
    fc.tuple(
      fc.constantFrom(...METHODS),
      fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.boolean()), { maxLength: 6 }),
      fc.uint8Array({ maxLength: 40 }),
    ),
    async ([method, flaws, tail]) => {
      const { requestSerialize } = A2AService[method] as Wire;
      const bytes = [...(requestSerialize(samples[method]) as Buffer)];
      for (const [place, value, beside] of flaws)
        bytes.splice(place % (bytes.length + 1), beside ? 0 : 1, value);
      const error = await call(method, Buffer.from([...bytes, ...tail]));
      const code = error?.code ?? codes.OK;
      // The library’s word for bytes that are no message of its kind.
      if (code === codes.INTERNAL) expect(error?.details).toMatch(/deserializ|decod/i);
      else expect([codes.UNKNOWN, codes.DEADLINE_EXCEEDED], error?.details).not.toContain(code);
    },
  );
});

describe('credentials', () => {
  const ISSUER = 'https://login.example.com';
  const URL_CALLED = 'https://agents.example.com/x';
  let bearer = '';
  let bound = '';
  let proof = '';
  let authenticator: Authenticator;

  beforeAll(async () => {
    const [keys, own] = await Promise.all([
      generateKeyPair('ES256'),
      generateKeyPair('ES256', { extractable: true }),
    ]);
    const jwk: JWK = await exportJWK(own.publicKey);
    const tokenOf = (more: object) =>
      new SignJWT({ iss: ISSUER, aud: 'us', sub: 'robot', scope: 'agents:read', ...more })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
        .setExpirationTime('2h')
        .sign(keys.privateKey);
    bearer = await tokenOf({});
    bound = await tokenOf({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
    const ath = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(bound))).toString('base64url');
    proof = await new SignJWT({ jti: 'once', htm: 'POST', htu: URL_CALLED, ath })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt(Math.floor(Date.now() / 1_000) + 200)
      .sign(own.privateKey);
    const tokens = new OidcVerifier({
      issuer: { keyFor: async () => keys.publicKey },
      issuerUrl: ISSUER,
      audience: 'us',
      scopeClaim: 'scope',
      clockSkewS: 300,
      proofs: new ProofChecker({ log: { note: async () => 'first' }, clockSkewS: 300 }),
    });
    authenticator = new Authenticator({
      keys: { verify: async () => ({ problem: 'unknown' }) } as never,
      tokens,
      door: { isOpen: async () => false, close: () => {} } as never,
    });
  });

  const presented = (authorization: string[], dpop: string[], apiKey: string[] = []) => ({
    authorization,
    apiKey,
    dpop,
    method: 'POST',
    url: URL_CALLED,
    address: undefined,
  });
  const at = (seed: number, make: () => fc.Arbitrary<string>) =>
    fc.sample(make(), { numRuns: 1, seed })[0] ?? '';

  feed(
    'whoever is let in has presented what the issuer has signed',
    fc.tuple(fc.nat(), fc.nat(), fc.nat(5)),
    async ([one, two, kind]) => {
      const authorization = at(one, () =>
        fc.oneof(
          nearly(`Bearer ${bearer}`, `DPoP ${bound}`, `Bearer ${bound}`),
          text,
          repeated('Bearer ', '.', 'eyJ'),
        ),
      );
      const dpop = kind === 0 ? proof : at(two, () => fc.oneof(nearly(proof), text));
      await thrownBy(async () => {
        const found = await authenticator.authenticate(
          presented([authorization], kind < 4 ? [dpop] : [], kind === 5 ? [dpop] : []),
        );
        if (found === undefined) return;
        expect(found.caller.id).toBe(`${ISSUER}#robot`);
        const [, token = ''] = /^\S+ +(\S+) *$/.exec(authorization) ?? [];
        const signed = (jwt: string) => jwt.slice(0, jwt.lastIndexOf('.'));
        expect([signed(bearer), signed(bound)]).toContain(signed(token));
        if (found.caller.how === 'dpop') expect(signed(dpop)).toBe(signed(proof));
      }, Refusal);
    },
  );
});
