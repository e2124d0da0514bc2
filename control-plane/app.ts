/**
 * The composition root: everything that this plane consists of is made here, once, and handed down; closing goes the other way round.
 * Start: PostgreSQL must answer (its schema is migrated by `main.ts`); Redis may be away. Close: no new request, open ones finish,
 * workers finish what they hold, then the connections. Built by `main.ts` and by tests, which may run several in one process.
 */
import { randomUUID } from 'node:crypto';
import type { MikroORM } from '@mikro-orm/postgresql';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Redis } from 'ioredis';
import pg from 'pg';
import { type RedisKeys, redisKeys } from '../shared/redis-keys.js';
import type { ControlPlaneConfig } from './config.js';
import { openOrm } from './db/orm.js';
import { connectRedis } from './db/redis-connection.js';
import { ENTITIES } from './entities.js';
import { registerConsole } from './http/console.js';
import { registerErrorHandler } from './http/error-handler.js';
import { registerGraphql } from './http/graphql.js';
import { createRegistry, registerHealthRoutes } from './http/health.js';
import { registerOidc } from './http/oidc.js';
import { registerConsoleSession } from './http/session.js';
import { PasswordHasher } from './modules/account/hash-password.js';
import { IdentityProvider } from './modules/account/identity-provider.js';
import { SessionSigner } from './modules/account/sign-session.js';
import { pauseBurningKeys } from './modules/api-key/pause-burning-keys.js';
import { forgetAttempts } from './modules/attempt-window.js';
import { sumEndedBatches } from './modules/batch/sum-batches.js';
import { tellLowBalances } from './modules/billing/low-balance.js';
import { localKms } from './modules/byok/kms.js';
import { RestAlerts } from './modules/catalog/credential-rests.js';
import type { Services } from './modules/context.js';
import { EgressClient } from './modules/egress/egress-client.js';
import { Fleet } from './modules/fleet/fleet.js';
import { readGateway } from './modules/fleet/read-gateway.js';
import { LiveChanges } from './modules/live/live-changes.js';
import { localMailer, smtpMailer } from './modules/mail/mailer.js';
import { openPayments } from './modules/payment/payments.js';
import { registerStripeWebhook } from './modules/payment/receive-stripe-webhook.js';
import { tellBatchEnded } from './modules/webhook/tell-batch-ended.js';
import { ManifestSigner } from './snapshot/publish-revision.js';
import { startWebhookDelivery } from './workers/deliver-webhooks.js';
import { registerLeaseRoutes } from './workers/grant-leases.js';
import { expireLeases } from './workers/grant-leases-return.js';
import { registerUsageRoutes } from './workers/ingest-usage.js';
import { UsageSettler } from './workers/ingest-usage-settle.js';
import { UsageStreamConsumer } from './workers/ingest-usage-stream.js';
import { startLedgerMaintenance } from './workers/maintain-ledger.js';
import { registerFleetRoutes, startFleetObserver } from './workers/observe-fleet.js';
import { startPublisher } from './workers/publish-snapshots.js';
import { startReconciler } from './workers/reconcile.js';
import { repeat } from './workers/repeat.js';
import { BatchRunner } from './workers/run-batches.js';
import { registerBatchRoutes } from './workers/serve-batches.js';
import { registerFileBatchRoutes } from './workers/serve-file-batches.js';
import { registerFileRoutes } from './workers/serve-files.js';
import { registerGenerationRoutes } from './workers/serve-generations.js';
import { registerIdempotencyRoutes } from './workers/serve-idempotency.js';
import { registerSnapshotRoutes } from './workers/serve-snapshots.js';
import { createSettleAgain } from './workers/settle-again.js';
import { startPaymentWatch } from './workers/watch-payments.js';

export interface ControlPlane {
  readonly server: FastifyInstance;
  readonly orm: MikroORM;
  readonly services: Services;
  /** Starts the workers and listens. Returns where. */
  listen(): Promise<string>;
  /** Drains and closes; safe to call twice. */
  close(): Promise<void>;
}

export interface AppOptions {
  /** Folder of the built console; absent is no page. */
  readonly consoleDirectory?: string;
}

/** A window of the breaker is ten minutes: a key that burns is stopped early in it. */
const BURN_RATE_MS = 20_000;
const LOW_BALANCE_MS = 30_000;
/** A list of batches adds up their items until then. */
const BATCH_SUMS_MS = 10_000;
/** As often as nodes report. */
const REST_ALERTS_MS = 5_000;
const FORGET_ATTEMPTS_MS = 3_600_000;
/** How often leases of nodes that fell silent are looked for. */
const EXPIRY_MS = 5_000;
const POOL_CONNECTIONS = 20;
/** A statement of a worker that takes longer is stuck. */
const STATEMENT_MS = 60_000;

/** What every part of this plane shares. */
interface Parts {
  readonly config: ControlPlaneConfig;
  readonly server: FastifyInstance;
  readonly pool: pg.Pool;
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly orm: MikroORM;
  readonly fleet: Fleet;
  readonly log: FastifyInstance['log'];
  readonly services: Services;
  readonly settler: UsageSettler;
  readonly batches: BatchRunner;
}

interface Worker {
  stop(): Promise<void>;
}

export async function createControlPlane(config: ControlPlaneConfig, options: AppOptions = {}): Promise<ControlPlane> {
  const parts = await createParts(config);
  const { server, pool, redis, orm, services } = parts;
  const workers: Worker[] = [];
  let closing: Promise<void> | undefined;
  if (config.tracesEndpoint !== undefined) {
    const { registerTracing } = await import('./http/tracing.js');
    registerTracing(server, config.tracesEndpoint);
  }
  await registerRoutes(parts, options, () => closing !== undefined);

  const close = async () => {
    await server.close();
    services.live.stop();
    for (const worker of workers.reverse()) await worker.stop();
    redis.disconnect();
    await services.egress.close();
    await orm.close();
    await pool.end();
  };
  return {
    server,
    orm,
    services,
    listen: async () => {
      await startWorkers(parts, workers);
      return server.listen({ host: config.host, port: config.port });
    },
    close: () => (closing ??= close()),
  };
}

async function createParts(config: ControlPlaneConfig): Promise<Parts> {
  const server = Fastify({
    logger: loggerOptions(config),
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
  });
  const { log } = server;
  const pool = new pg.Pool({
    connectionString: config.databaseUrl,
    max: POOL_CONNECTIONS,
    statement_timeout: STATEMENT_MS,
    application_name: 'modelapi control',
  });
  pool.on('error', (error) => log.warn({ err: error }, 'PostgreSQL: an idle connection broke'));
  const redis = connectRedis(config.redisUrl, (error) => server.log.debug({ err: error }, 'Redis'));
  const keys = redisKeys(config.redisPrefix);
  const orm = await openOrm(config.databaseUrl, ENTITIES);
  const fleet = new Fleet();
  const live = new LiveChanges(redis, keys.liveChannel);
  const services = createServices(config, server, pool, fleet, live);
  const batches = new BatchRunner({
    pool,
    fleet,
    log,
    databaseUrl: config.databaseUrl,
    kms: services.kms,
    nodeToken: config.nodeToken,
    onEnded: tellBatchEnded,
    onProgress: (accountId) => live.changed([accountId]),
  });
  const settler = new UsageSettler(pool, (accountIds) => live.changed(accountIds));
  return { config, server, pool, redis, keys, orm, fleet, log, services, settler, batches };
}

function createServices(config: ControlPlaneConfig, { log }: FastifyInstance, pool: pg.Pool, fleet: Fleet, live: LiveChanges): Services {
  const { smtpUrl, mailDirectory, mailFrom } = config;
  return {
    pool,
    passwords: new PasswordHasher(),
    sessions: new SessionSigner(config.jwtKey),
    kms: localKms(config.kmsKey),
    fleet,
    live,
    egress: new EgressClient(config.egressAllowedOrigins),
    mailer: smtpUrl === undefined ? localMailer(log, mailDirectory) : smtpMailer(smtpUrl, mailFrom, log),
    publicUrl: config.publicUrl,
    gatewayUrl: config.gatewayUrl,
    apiKeyPepper: config.apiKeyPepper,
    nodeToken: config.nodeToken,
    signUpsPerHour: config.signUpsPerHour,
    payments: openPayments(config.payment, config.publicUrl),
    settleAgain: createSettleAgain(pool),
  };
}

async function registerRoutes(parts: Parts, options: AppOptions, draining: () => boolean): Promise<void> {
  const { config, server, pool, orm, services, settler, batches } = parts;
  const { nodeToken } = config;
  const local = config.mode === 'local';
  registerErrorHandler(server);
  registerHealthRoutes(server, { ...parts, registry: createRegistry(parts), draining });

  registerSnapshotRoutes(server, { pool, nodeToken });
  registerFleetRoutes(server, parts, nodeToken);
  registerLeaseRoutes(server, { pool, nodeToken });
  registerUsageRoutes(server, { pool, settler, nodeToken });
  registerGenerationRoutes(server, { pool, nodeToken });
  registerBatchRoutes(server, { ...services, nodeToken, runner: batches, onEnded: tellBatchEnded });
  registerFileRoutes(server, { pool, kms: services.kms, nodeToken });
  registerFileBatchRoutes(server, { pool, kms: services.kms, nodeToken, runner: batches, onEnded: tellBatchEnded });
  registerIdempotencyRoutes(server, { pool, kms: services.kms, nodeToken });

  if (services.payments.stripe) await registerStripeWebhook(server, pool, services.payments.stripe);
  await registerConsoleSession(server, { orm, services });
  if (config.identityProvider) {
    const redirectUri = `${config.publicUrl}/session/oidc/callback`;
    registerOidc(server, { orm, services, provider: new IdentityProvider(config.identityProvider, redirectUri, local) });
  }
  await registerGraphql(server, { orm, services, nodeToken, local });
  if (options.consoleDirectory !== undefined) {
    const gateway = () => readGateway(pool, config.gatewayUrl);
    await registerConsole(server, options.consoleDirectory, gateway);
  }
}

/** Pushes each as it starts, so that a failure half way leaves those that run to be stopped. */
async function startWorkers(parts: Parts, workers: Worker[]): Promise<void> {
  const { config, pool, orm, services, batches, log } = parts;
  services.live.start();
  workers.push(startFleetObserver(parts));
  workers.push(startPublisher({ ...parts, databaseUrl: config.databaseUrl, signer: new ManifestSigner(config.snapshotKey) }));
  const consumer = new UsageStreamConsumer({ ...parts, consumer: `control-${randomUUID()}` });
  consumer.start();
  workers.push(consumer);
  await batches.start();
  workers.push(batches);
  workers.push(repeat('sums of batches', BATCH_SUMS_MS, () => sumEndedBatches(pool), log));
  workers.push(repeat('expiry of leases', EXPIRY_MS, () => expireLeases(pool), log));
  workers.push(repeat('sweep of counted attempts', FORGET_ATTEMPTS_MS, () => forgetAttempts(pool), log));
  const restAlerts = new RestAlerts(pool, services.fleet);
  workers.push(repeat('alerts of resting credentials', REST_ALERTS_MS, () => restAlerts.check(), log));
  workers.push(repeat('burn-rate breaker', BURN_RATE_MS, () => pauseBurningKeys(orm.em.fork(), services), log));
  workers.push(repeat('low balances', LOW_BALANCE_MS, () => tellLowBalances(pool, services.mailer, services.payments.returnUrl), log));
  workers.push(startReconciler({ pool, log }));
  workers.push(startPaymentWatch({ ...services, log }));
  workers.push(startWebhookDelivery({ ...services, log }));
  workers.push(startLedgerMaintenance({ pool, log }));
}

/** Secrets never reach the log: headers are not logged, and these are removed wherever they stand. */
function loggerOptions(config: ControlPlaneConfig) {
  return {
    level: config.logLevel,
    base: { plane: 'control' },
    redact: ['req.headers.authorization', 'req.headers.cookie', '*.password', '*.apiKey', '*.token', '*.refreshToken', '*.secret'],
  };
}
