/**
 * From an admitted request to a settlement that cannot be lost.
 *
 * - `openMeter` writes START before the vendor is called, or throws 503 and gives the hold back: nothing is served unbilled.
 * - Running requests leave their progress in the spool several times a second, so a killed process charges what was delivered.
 * - `settle` writes END exactly once and never throws; shipping goes on in the background and no request waits for it.
 * - At start the earlier life is read: its open requests are ended (`node_crash`), its leases are handed to admission.
 * Called by the pipeline (app.ts wires it). Redis and the control plane may both be away: events wait on the disk.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Cluster, Redis } from 'ioredis';
import type { InheritedLease, LeaseJournal } from '../../shared/lease-pool.js';
import { redisKeys } from '../../shared/redis-keys.js';
import { readRedisServers } from '../../shared/redis-servers.js';
import type { UsageEvent } from '../../shared/usage-event.js';
import type { CompletionRequest, ControlPlane, Hold, Meter, Principal, RoutePlan, Settlement } from '../types.js';
import { RequestMeter } from './meter.js';
import { Shipper } from './ship.js';
import { Spool } from './spool.js';
import type { StartRecord } from './spool-record.js';

/** A killed process loses at most so much of what it delivered; it is the customer's gain. */
const PROGRESS_MS = 100;
/** No request waits for Redis; a batch that waits longer goes over HTTP. */
const REDIS_TIMEOUT_MS = 500;
const GIB = 1024 ** 3;

export interface MeteringOptions {
  readonly nodeId: string;
  readonly region: string;
  /** `DATA_DIR`: the spool lies in a folder of it. */
  readonly dataDirectory: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly controlPlane: ControlPlane;
  readonly nodeToken: string;
  readonly warn: (message: string, error?: unknown) => void;
  /** Told of each END: for traces. */
  readonly onSettled?: ((event: UsageEvent) => void) | undefined;
  /** Of all spool files; 4 GiB when absent. */
  readonly spoolBytes?: number;
}

export interface Metering {
  /** This process's life; also in `NodeStatus`. */
  readonly epoch: number;
  /** For admission. */
  readonly leaseJournal: LeaseJournal;
  readonly inheritedLeases: readonly InheritedLease[];
  openMeter(request: CompletionRequest, principal: Principal, plan: RoutePlan, hold: Hold): Meter;
  settle(hold: Hold, settlement: Settlement): void;
  readonly openRequests: number;
  /** Why nothing is admitted; undefined when all is well. For `/readyz`. */
  readonly refusal: string | undefined;
  readonly spool: { readonly unacknowledged: number; readonly bytes: number };
  /** Ships what is left; resolves with how many events the ledger has not acknowledged within `timeoutMs`. */
  drain(timeoutMs: number): Promise<number>;
  /** After admission's drain, whose releases are written down here. */
  close(): Promise<void>;
}

/** Throws when the disk refuses: a node without a spool must not start. */
export function createMetering(options: MeteringOptions): Metering {
  const { nodeId, controlPlane, nodeToken, warn } = options;
  const spool = new Spool({
    directory: join(options.dataDirectory, 'spool'),
    nodeId,
    maxBytes: options.spoolBytes ?? 4 * GIB,
    segmentBytes: 32 * 1024 * 1024,
    warn,
  });
  if (spool.recovered > 0) warn(`spool: ${spool.recovered} requests of the process before were ended as of their last progress`);
  const redis = connectRedis(options.redisUrl);
  const now = () => performance.now();
  const shipper = new Shipper({ spool, nodeId, redis, keys: redisKeys(options.redisPrefix), controlPlane, nodeToken, now, warn });
  const open = new Map<string, RequestMeter>();
  const meterOptions = { nodeId, epoch: spool.epoch, now: Date.now };
  const timer = setInterval(() => {
    for (const meter of open.values()) {
      const progress = meter.progress();
      if (progress) spool.progress(progress);
    }
  }, PROGRESS_MS).unref();

  return {
    epoch: spool.epoch,
    leaseJournal: spool,
    inheritedLeases: spool.inherited,
    openMeter(request, principal, plan, hold) {
      const start = startRecord(request, principal, plan, hold, options.region);
      try {
        spool.start(start);
      } catch (error) {
        hold.cancel();
        throw error;
      }
      const meter = new RequestMeter(meterOptions, start, request, principal, plan, hold);
      open.set(request.id, meter);
      return meter;
    },
    settle(_hold, settlement) {
      const meter = open.get(settlement.requestId);
      if (!meter) return;
      open.delete(settlement.requestId);
      const event = meter.event(settlement, spool.nextSequence);
      spool.end(event);
      options.onSettled?.(event);
    },
    get openRequests() {
      return open.size;
    },
    get refusal() {
      return spool.refusal;
    },
    get spool() {
      return { unacknowledged: spool.unacknowledged, bytes: spool.bytes };
    },
    drain: (timeoutMs) => shipper.drain(timeoutMs),
    async close() {
      clearInterval(timer);
      await shipper.close();
      redis.disconnect();
      spool.close();
    },
  };
}

function startRecord(request: CompletionRequest, principal: Principal, plan: RoutePlan, hold: Hold, region: string): StartRecord {
  return {
    requestId: request.id,
    region,
    accountId: principal.accountId,
    keyId: principal.keyId,
    leaseId: hold.leaseId,
    test: principal.test,
    modelAsked: plan.modelAsked,
    route: plan.reason,
    tier: plan.tier,
    sessionId: plan.sessionId,
    multiplier: principal.multiplier,
    streamed: request.stream,
    startedAtMs: request.receivedAtMs,
    batchItemId: principal.batchItemId,
  };
}

/** Commands fail at once when Redis is away: the caller has another way. It reconnects by itself. */
function connectRedis(url: string): Redis {
  const { urls, login } = readRedisServers(url);
  const options = { commandTimeout: REDIS_TIMEOUT_MS, connectTimeout: 2_000, maxRetriesPerRequest: 0 };
  const pause = (attempt: number) => Math.min(100 * attempt, 2_000);
  const redis =
    urls.length === 1
      ? new Redis(url, { ...options, enableOfflineQueue: false, retryStrategy: pause })
      : new Cluster([...urls], { redisOptions: { ...options, ...login }, enableOfflineQueue: false, clusterRetryStrategy: pause });
  redis.on('error', () => undefined); // said by the shipper, once, when a batch goes the other way
  return redis as Redis;
}
