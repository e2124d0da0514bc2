/**
 * The steps of `npm start`, in order: services, schema, seed, programs. Every process is handed to the supervisor as soon as it runs.
 * Rejects at the first step that fails; what runs by then is stopped by the caller.
 */
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../control-plane/db/migrate.js';
import type { LocalConfig } from './config.js';
import { OPERATOR_EMAIL, seedDemo } from './demo-data.js';
import type { Installation, LocalRecord } from './installation.js';
import { loadSecrets, type Secrets } from './secrets.js';
import { findRedis } from './services/find-redis.js';
import { findFreePort } from './services/free-port.js';
import { startPostgres } from './services/postgres.js';
import { startRedis } from './services/redis.js';
import { nodeUrl, type PlannedNode, regionHost, Stack } from './stack.js';
import type { Supervisor } from './supervisor.js';

/** First choices; a busy port moves to the next free one. */
const PORTS = { gateway: 8080, controlPlane: 4000, sandbox: 4010, stripe: 4020, postgres: 55_432, redis: 56_379 };
const DATABASE = 'modelapi';
const REDIS_PREFIX = 'modelapi';

export interface BroughtUp {
  readonly record: LocalRecord;
  /** Ports that were busy, vendors that did not answer: a sentence each. */
  readonly notes: readonly string[];
}

export async function bringUp(
  config: LocalConfig,
  installation: Installation,
  supervisor: Supervisor,
  announce: (step: string) => void,
): Promise<BroughtUp> {
  const secrets = loadSecrets(installation.secretsFile, config.regions);
  const [databaseUrl, redisUrl] = await startServices(config, installation, supervisor, secrets, announce);
  announce('migrating');
  await migrate(databaseUrl, join(config.root, 'migrations'));

  const realStripe = config.inherited['STRIPE_SECRET_KEY'] !== undefined;
  const { ports, moved } = await findPorts(config.regions.length);
  const nodes = config.regions.map((region, index): PlannedNode => ({ nodeId: `${region}-1`, region, port: ports.nodes[index] ?? 0 }));
  const regions = Object.fromEntries(nodes.map((node) => [node.region, nodeUrl(node)]));
  const hosts = Object.fromEntries(nodes.map((node) => [node.region, regionHost(node)]));
  const control = `http://127.0.0.1:${ports.control}`;
  const sandbox = `http://127.0.0.1:${ports.sandbox}`;

  announce('seeding');
  const warnings: string[] = [];
  const warn = (problem: string) => void warnings.push(problem);
  await seedDemo({ databaseUrl, secrets, regions: hosts, sandboxUrl: sandbox, vendors: config.vendors, warn });

  announce('starting the programs');
  const stack = new Stack({
    dist: config.dist,
    nodesFolder: join(config.dataFolder, 'nodes'),
    logFolder: installation.logs,
    mailFolder: join(config.dataFolder, 'mail'),
    addresses: { databaseUrl, redisUrl, redisPrefix: REDIS_PREFIX, controlPlaneUrl: control, sandboxUrl: sandbox },
    secrets,
    nodes,
    ...(realStripe ? {} : { fakeStripePort: ports.stripe }),
    inherited: config.inherited,
  });
  const ready = stack.start();
  const running = stack.nodes.map((node) => node.process);
  supervisor.watch(...stack.programs.map((program) => program.process).filter((program) => !running.includes(program)));
  // Watched last, stopped first: their last usage is taken in.
  supervisor.watch(...running);
  await ready;

  const record: LocalRecord = {
    gateway: regions[config.regions[0] ?? ''] ?? '',
    regions,
    hosts,
    control,
    console: control,
    graphql: `${control}/graphql`,
    apiKey: secrets.apiKey,
    testKey: secrets.testKey,
    operator: { email: OPERATOR_EMAIL, password: secrets.operatorPassword },
    sandbox,
    databaseUrl,
    redisUrl,
    redisPrefix: REDIS_PREFIX,
    pid: process.pid,
    pids: supervisor.pids,
  };
  installation.writeRecord(record);
  return { record, notes: [...moved, ...warnings] };
}

/** The user's own where the environment names them. Returns the two URLs. */
async function startServices(
  config: LocalConfig,
  installation: Installation,
  supervisor: Supervisor,
  secrets: Secrets,
  announce: (step: string) => void,
): Promise<[databaseUrl: string, redisUrl: string]> {
  let redisUrl = config.redisUrl;
  if (redisUrl === undefined) {
    const program = await findRedis(announce);
    announce('starting Redis');
    const logFile = join(installation.logs, 'redis.log');
    const redis = await startRedis({ program, port: PORTS.redis, logFile, pidFile: installation.redisPidFile });
    supervisor.watch(redis.process);
    redisUrl = redis.url;
  }
  if (config.databaseUrl !== undefined) return [config.databaseUrl, redisUrl];
  announce('starting PostgreSQL');
  const postgres = await startPostgres({
    directory: installation.postgresFolder,
    port: PORTS.postgres,
    password: secrets.postgresPassword,
    durable: true,
    logFile: join(installation.logs, 'postgres.log'),
  });
  supervisor.watch(postgres.process);
  await createDatabase(postgres.url);
  return [postgres.databaseUrl(DATABASE), redisUrl];
}

async function createDatabase(serverUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

interface FoundPorts {
  readonly nodes: readonly number[];
  readonly control: number;
  readonly sandbox: number;
  readonly stripe: number;
}

async function findPorts(nodes: number): Promise<{ ports: FoundPorts; moved: readonly string[] }> {
  const taken = new Set<number>();
  const moved: string[] = [];
  const take = async (wanted: number, what: string) => {
    const port = await findFreePort(wanted, taken);
    taken.add(port);
    if (port !== wanted) moved.push(`port ${wanted} is busy: ${what} is on ${port}`);
    return port;
  };
  const control = await take(PORTS.controlPlane, 'the control plane');
  const sandbox = await take(PORTS.sandbox, 'the sandbox');
  const stripe = await take(PORTS.stripe, 'the stand-in for Stripe');
  const found: number[] = [];
  for (let index = 0; index < nodes; index++) {
    found.push(await take(PORTS.gateway + index, index === 0 ? 'the gateway' : `node ${index + 1}`));
  }
  return { ports: { nodes: found, control, sandbox, stripe }, moved };
}
