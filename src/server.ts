import { type Logger, pino } from 'pino';
import { AgentCatalog } from './agents/catalog.ts';
import { loadAgents } from './agents/loader.ts';
import { assistantActivities, assistantOf } from './assistant-wiring.ts';
import { openCallers, requireCredentials } from './callers.ts';
import type { Config } from './config.ts';
import { DIRECTORY } from './directory/definition.ts';
import { directoryActivities } from './directory/find-agents.ts';
import { Drain } from './drain.ts';
import { createGateway } from './gateway-wiring.ts';
import { claimDataDir, type Ground, groundAndBundle } from './ground.ts';
import { takeGrpcAddress } from './grpc.ts';
import { healthApp } from './health.ts';
import { type Listening, listen } from './http.ts';
import { withKillPoint } from './kill-points.ts';
import { createMetrics } from './metrics.ts';
import { NotedTasks } from './noted-tasks.ts';
import { Addresses } from './outbound/addresses.ts';
import { openPublishing } from './publishing.ts';
import { createPush } from './push-wiring.ts';
import { givenSecretBox, openSecretBox } from './secrets/keys.ts';
import { serve } from './serving.ts';
import { openKeyFile } from './signing/key-file.ts';
import { givenSigningKeys } from './signing/settings.ts';
import { PrismaAgentRegistry } from './storage/agent-registry.ts';
import { readBacklog } from './storage/backlog.ts';
import { Bulletin } from './storage/bulletin.ts';
import { PrismaBundleStore } from './storage/bundle-store.ts';
import { openDatabase } from './storage/client.ts';
import { PrismaFileStore } from './storage/file-store.ts';
import { migrate, PRISMA_FOLDER } from './storage/migrate.ts';
import { PrismaRepairStore } from './storage/repair-store.ts';
import { PostgresTaskFeed } from './storage/task-feed.ts';
import { PrismaTaskStore } from './storage/task-store.ts';
import { createSweeps } from './sweeps.ts';
import { openSwitches } from './switching.ts';
import { createPlain, toldOfChange } from './task-wiring.ts';
import { DEFAULT_TASK_QUEUE } from './tasks/contract.ts';
import { Files } from './tasks/files.ts';
import { loadActivities } from './temporal/author-activities.ts';
import { loadConverter } from './temporal/data-converter.ts';
import { TemporalTaskEngine } from './temporal/engine.ts';
import { TemporalHost } from './temporal/engine-host.ts';
import { createHostActivities } from './temporal/host-activities.ts';
import { TemporalInspector } from './temporal/inspector.ts';
import { installRuntime } from './temporal/runtime.ts';
import { withTaskFiles } from './temporal/task-files.ts';
import { openTracing } from './tracing/open.ts';
import { traceId } from './tracing/steps.ts';
import { Undo } from './undo.ts';
import { fileUrlsOf, publicUrlOf } from './urls.ts';

export interface Host {
  url: string;
  /** Rejects when something the host cannot do without ends by itself. */
  failed: Promise<never>;
  /** Takes no more work, ends streams cleanly, waits for what runs (bounded), ends what it started. */
  stop(): Promise<void>;
}

/**
 * Starts the product, or the part of it that ROLE names.
 * @throws HostError `config` naming the setting, `unavailable`; nothing is left running.
 */
export async function startHost(config: Config, io: { progress(line: string): void }): Promise<Host> {
  const log = pino({ level: config.LOG_LEVEL, name: 'agent-host', mixin: traceOfLine }, pino.destination(2));
  const undo = new Undo(log);
  try {
    return await start(config, { log, undo, progress: io.progress });
  } catch (error) {
    await undo.run();
    throw error;
  }
}

/** What every line that is logged for a request or an activity carries. */
const traceOfLine = () => ({ trace_id: traceId() });

interface Starting {
  log: Logger;
  undo: Undo;
  progress(line: string): void;
}

async function start(config: Config, starting: Starting): Promise<Host> {
  const { log, undo } = starting;
  const sources = await loadAgents(config.WORKFLOWS);
  const workflowFiles = sources.flatMap(({ workflowFile }) => workflowFile ?? []);
  const deployed = sources.map(({ definition }) => definition);
  const catalog = new AgentCatalog([...assistantOf(config), ...deployed, DIRECTORY]);
  if (config.ROLE !== 'worker') requireCredentials(config);
  const givenKeys = await givenSigningKeys(config);
  const givenBox = givenSecretBox(config);
  const converter = await loadConverter(config.DATA_CONVERTER);
  const drain = new Drain(config.DRAIN);
  const addresses = new Addresses(config.PUSH_ALLOW);
  const dataDir = await claimDataDir(config);
  undo.add(async () => dataDir?.release());
  const signing = givenKeys ?? (await openKeyFile(config.DATA_DIR));
  const secrets = givenBox ?? (await openSecretBox(config.DATA_DIR));
  const { HOST: host, PORT: port, METRICS_ADDRESS: apart } = config;
  const listening = config.ROLE === 'worker' ? undefined : await takeAddress({ host, port }, undo);
  const monitored = apart && (await takeAddress({ ...apart, setting: 'METRICS_ADDRESS' }, undo));
  const grpc =
    listening && (await takeGrpcAddress(config, catalog, { log, failed: (...of) => metrics.failed(...of) }));
  undo.add(async () => grpc?.close());
  const tracing = await openTracing(config, log);
  undo.add(() => tracing.close());
  installRuntime(log);
  const code = { workflowFiles, converters: converter.files };
  const [ground, bundle] = await groundAndBundle(config, { ...code, dataDir }, starting);
  await migrate(ground.databaseUrl, PRISMA_FOLDER);
  const db = openDatabase({ url: ground.databaseUrl });
  undo.add(() => db.$disconnect());
  const bulletin = new Bulletin(db);
  const switching = openSwitches(db, bulletin);
  const callers =
    listening === undefined
      ? undefined
      : await openCallers(config, { db, bulletin, switching, signing, catalog, log });
  undo.add(async () => callers?.refusals.close());

  const client = () => temporal.client;
  const waits = () => callers?.capacity.waits() ?? true;
  const refused = () => callers?.capacity.taskRefused();
  const store = withKillPoint(new PrismaTaskStore(db, (id) => feed.accepted(id)), config.KILL_AT);
  const repairs = new PrismaRepairStore(db);
  const starts = new TemporalTaskEngine(client, refused, (...task) => plain.headStarts.make(...task));
  const engine = withKillPoint(starts, config.KILL_AT);
  const registry = new PrismaAgentRegistry(db, (code, err) => {
    log.error({ code, err }, 'an agent cannot be found by searches: the record does not take what it says');
  });
  const inspector = new TemporalInspector(() => temporal.client);
  const feed = new PostgresTaskFeed({
    db,
    url: ground.databaseUrl,
    bulletin,
    fed: (lagMs) => metrics.fed(lagMs),
    waits,
    log,
  });
  await feed.open();
  undo.add(() => feed.close());
  const publishing = await openPublishing({
    db,
    bulletin,
    catalog,
    registry,
    engine,
    killAt: config.KILL_AT,
    log,
  });
  undo.add(async () => publishing.close());
  const fileStore = withKillPoint(new PrismaFileStore(db), config.KILL_AT);
  const files = new Files({ store: fileStore, maxFile: config.MAX_FILE });
  const tasks = new NotedTasks({
    store,
    engine,
    feed,
    files,
    fileUrl: fileUrlsOf(config, listening?.port),
    limits: { perCaller: config.TASKS_AT_ONCE, perAgent: config.AGENT_TASKS_AT_ONCE },
  });
  const push = createPush({
    db,
    feed,
    tasks,
    client,
    addresses,
    secrets,
    signing,
    log,
    // Workers write them too.
    fileUrl: fileUrlsOf(config, listening?.port ?? config.PORT),
  });
  const metrics = createMetrics({
    capacity: callers?.capacity,
    streams: () => feed.subscriptions,
    stuck: () => repairs.countProblems(),
    push: () => push.store.count(),
    backlog: () => readBacklog(db),
  });
  const agent = (code: string) => catalog.get(code)?.definition;

  const gateway = createGateway({
    config,
    db,
    store,
    tasks,
    catalog,
    client,
    signing,
    secrets,
    metrics,
    published: publishing.published,
    news: feed,
    switching,
    waits,
    log,
  });
  const changed = toldOfChange({ metrics, engine, push, gateway });
  const hostActivities = createHostActivities({
    store,
    tasks,
    agent,
    ...createSweeps({
      config,
      db,
      bulletin,
      store,
      repairs,
      engine,
      inspector,
      files: fileStore,
      agent,
      push: push.delivery,
      gateway,
      metrics,
      log,
    }),
    calls: gateway.background,
    push: push.delivery,
    changed,
  });
  const record = hostActivities.projectChange;
  const plain = createPlain({ client, agent, engine, store, changed, record });
  const temporal = new TemporalHost({
    config,
    address: ground.temporalAddress,
    bundle: { ...bundle, taskQueues: taskQueuesOf(catalog) },
    bundles: new PrismaBundleStore(db),
    converter,
    activities: {
      ...(config.ROLE === 'host' ? {} : withTaskFiles(await loadActivities(sources), files)),
      ...hostActivities,
      ...plain.activities,
      ...assistantActivities(config, { registry, catalog, gateway, hostActivities }),
      ...directoryActivities(registry, publicUrlOf(config, listening?.port ?? config.PORT)),
    },
    runActivities: config.ROLE !== 'host',
    begun: metrics.begun,
    log,
  });
  undo.add(() => temporal.close());
  await temporal.start();
  monitored?.serve(healthApp({ db, temporal, metrics: metrics.registry, drain }));
  if (listening === undefined || callers === undefined) return running('worker', ground, undo);

  await publishing.openRegistry();
  const url = await serve(config, starting, {
    listening,
    drain,
    grpc,
    callers,
    catalog,
    registry,
    tasks,
    files,
    temporal,
    db,
    bulletin,
    repairs,
    metrics,
    signing,
    push: push.service,
    gateway,
  });
  return running(url, ground, undo);
}

async function takeAddress(address: Parameters<typeof listen>[0], undo: Undo): Promise<Listening> {
  const listening = await listen(address);
  undo.add(() => listening.close());
  return listening;
}

function running(url: string, ground: Ground, undo: Undo): Host {
  let stopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    // What ends because it was asked to has not failed.
    ground.failed.catch((error) => stopping || reject(error));
  });
  failed.catch(() => {});
  return {
    url,
    failed,
    stop: () => {
      stopping = true;
      return undo.run();
    },
  };
}

const taskQueuesOf = (catalog: AgentCatalog): string[] => [
  // What stands before a plain workflow runs here; where a cooperating one runs is its own worker's.
  ...new Set(catalog.all().map(({ definition }) => definition.taskQueue ?? DEFAULT_TASK_QUEUE)),
];
