/**
 * The composition root of a node: every stage is made here, once, from the configuration, and handed what it needs of the others.
 * `start` listens as soon as the disk was tried; the network follows. `close` ends in this order, each step bounded: no new requests,
 * open ones finish (then are told), settlements shipped, leases given back, connections closed.
 */
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { GatewayError } from '../shared/errors.js';
import { createAccountRoutes } from './account/create-account-routes.js';
import { createAdmission } from './admission/admission.js';
import type { DataPlaneConfig } from './config.js';
import { createControlPlaneClient } from './control-plane-client.js';
import { registerEndpointMetrics } from './endpoint-metrics.js';
import { ConnectionClock } from './http/connection-clock.js';
import { readBody } from './http/read-body.js';
import { RequestMetrics } from './http/request-metrics.js';
import { createHttpServer } from './http/server.js';
import { createIdempotency } from './idempotency/create-idempotency.js';
import { createMetering } from './metering/metering.js';
import { type NodeFacts, nodeProblems, nodeStatus, registerNodeMetrics } from './node-facts.js';
import type { Stages } from './pipeline.js';
import { createRegions } from './region/create-regions.js';
import { createPlanner } from './routing/create-planner.js';
import { createSnapshots } from './snapshot/create-snapshots.js';
import { createUpstream } from './upstream/upstream.js';

/** Below the 30 s that orchestrators grant, with room for what comes after. */
const FINISH_STREAMS_MS = 20_000;
/** Told that the node goes down, a request settles in less. */
const ABORTED_MS = 2_000;
const SHIP_MS = 3_000;
const RETURN_LEASES_MS = 3_000;
const CHECK_MS = 25;

export interface DataPlane {
  /** Resolves when the node listens; it may not be ready yet. Returns the port. */
  start(): Promise<number>;
  close(): Promise<void>;
}

export async function createDataPlane(config: DataPlaneConfig, logger: Logger): Promise<DataPlane> {
  const { region, nodeId, nodeToken, dataDirectory, redisUrl, redisPrefix } = config;
  const random = Math.random;
  const warn = (message: string, error?: unknown) => logger.warn(error === undefined ? {} : { err: error }, message);
  const log = (message: string, detail: Readonly<Record<string, unknown>>) => logger.info(detail, message);
  const controlPlane = createControlPlaneClient(config.controlPlaneUrl);
  const clock = new ConnectionClock();
  const registry = new Registry();
  let draining = false;

  const tracing = await openTracing(config);
  const metering = createMetering({
    ...{ nodeId, region, dataDirectory, redisUrl, redisPrefix, controlPlane, nodeToken, warn },
    onSettled: tracing?.settled,
  });
  const upstream = createUpstream({
    random,
    snapshot: () => snapshots.current(),
    onFailure: ({ candidate, failure }, requestId) =>
      logger.warn(
        { requestId, vendor: candidate.endpoint.vendorId, endpoint: candidate.endpoint.id, kind: failure.kind, status: failure.status },
        'an attempt failed',
      ),
    onRest: (rest) => {
      logger.warn(rest, 'a vendor credential rests');
      snapshots.report();
    },
  });
  const regions = await createRegions({ region, nodeToken, now: Date.now, log });
  const snapshots = createSnapshots({
    nodeId,
    region,
    regionKey: config.regionKey,
    publicKey: config.snapshotPublicKey,
    redisUrl,
    redisPrefix,
    nodeToken,
    dataDirectory,
    controlPlane,
    random,
    log,
    onFleet: (statuses) => {
      regions.updateFleet(statuses);
      upstream.applyFleet(statuses, region);
    },
    onCircuitHint: (hint) => upstream.applyHint(hint),
    status: () => nodeStatus(facts),
  });
  upstream.onHint((hint) => snapshots.sendCircuitHint(hint));
  const admission = createAdmission({
    nodeId,
    epoch: metering.epoch,
    region,
    apiKeyPepper: config.apiKeyPepper,
    nodeToken,
    controlPlane,
    settings: () => snapshots.current().settings,
    journal: metering.leaseJournal,
    inherited: metering.inheritedLeases,
    warn,
  });
  const planner = createPlanner();

  const stages: Stages = {
    snapshot: () => snapshots.current(),
    authenticate: admission.authenticate,
    health: () => upstream.health,
    planRoute: planner.planRoute,
    admit: (request, principal, plan) => admission.admit(request, principal, plan),
    openMeter: (request, principal, plan, hold) => metering.openMeter(request, principal, plan, hold),
    async execute(plan, request, meter, signal) {
      const answer = await upstream.execute(plan, request, meter, signal);
      planner.remember(answer.served, request.receivedAtMs);
      return answer;
    },
    settle: (hold, settlement) => metering.settle(hold, settlement),
    random,
  };

  const facts: NodeFacts = { config, startedAtMs: Date.now(), metering, upstream, admission, snapshots, isDraining: () => draining };
  registerNodeMetrics(registry, facts, clock);
  registerEndpointMetrics(registry, () => upstream.readings());
  const server = createHttpServer(
    {
      stages,
      region,
      nodeToken,
      controlPlane,
      regions,
      explainRoute: planner.explainRoute,
      idempotency: createIdempotency({ controlPlane, nodeToken, nodeId, log }),
      clock,
      metrics: new RequestMetrics(registry),
      tracing,
      log: (error, requestId, status) => logger.error({ err: error, requestId, status }, 'a request failed'),
      trustedProxies: config.trustedProxies,
      problems: () => nodeProblems(facts),
      draining: () => draining,
    },
    registry,
    config.publicUrl,
    createAccountRoutes({ controlPlane, nodeToken, jwtPublicKey: config.jwtPublicKey, publicUrl: config.publicUrl, readBody }),
  );

  return {
    async start() {
      await snapshots.start();
      const address = await server.listen({ host: config.host, port: config.port });
      const port = Number(new URL(address).port);
      logger.info({ nodeId, region, port, revision: snapshots.revision() }, 'listening');
      return port;
    },
    async close() {
      draining = true;
      snapshots.report();
      const closed = server.close();
      await waitUntil(() => clock.openCount === 0, FINISH_STREAMS_MS);
      clock.abortAll(new GatewayError('not_ready', 'This node is shutting down. Try again: another one will answer.'));
      await waitUntil(() => clock.openCount === 0 && metering.openRequests === 0, ABORTED_MS);
      server.server.closeAllConnections();
      await closed;
      const unshipped = await metering.drain(SHIP_MS);
      const kept = await admission.drain(RETURN_LEASES_MS);
      logger.info({ unshippedSettlements: unshipped, keptLeases: kept }, 'drained');
      admission.close();
      await metering.close();
      await upstream.close();
      await regions.close();
      await snapshots.close();
      await tracing?.close();
      clock.close();
      await controlPlane.close();
    },
  };
}

/** The SDK is loaded only where a collector is configured. */
async function openTracing({ tracesEndpoint, nodeId, region, version }: DataPlaneConfig) {
  if (tracesEndpoint === undefined) return undefined;
  const { createTracing } = await import('./tracing.js');
  return createTracing({ endpoint: tracesEndpoint, nodeId, region, version });
}

async function waitUntil(done: () => boolean, timeoutMs: number): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  while (!done() && performance.now() < endsAtMs) await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
}
