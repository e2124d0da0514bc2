/** What the routes are given: the stages and the few facts of the process. Built once by app.ts. */
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../shared/errors.js';
import type { Idempotency } from '../idempotency/create-idempotency.js';
import type { Stages } from '../pipeline.js';
import type { Regions } from '../region/create-regions.js';
import type { ControlPlane, ControlPlaneTransfers, RequestTracing } from '../types.js';
import { HttpCaller } from './caller.js';
import type { ConnectionClock } from './connection-clock.js';
import type { ErrorLog } from './error-handler.js';
import { pinnedRegionOf, requireOwnRegion } from './host-region.js';
import type { RequestMetrics } from './request-metrics.js';

export interface HttpContext {
  readonly stages: Stages;
  readonly region: string;
  readonly nodeToken: string;
  readonly controlPlane: ControlPlane & ControlPlaneTransfers;
  readonly regions: Regions;
  readonly idempotency: Idempotency;
  /** Planning that is shown instead of done; JSON-ready. */
  readonly explainRoute: (...given: Parameters<Stages['planRoute']>) => object;
  readonly clock: ConnectionClock;
  readonly metrics: RequestMetrics;
  /** Undefined: no collector is configured. */
  readonly tracing: RequestTracing | undefined;
  readonly log: ErrorLog;
  readonly trustedProxies: readonly string[];
  /** Why this node cannot serve, for `/readyz`; empty when it can. */
  problems(): readonly string[];
  draining(): boolean;
}

/** Throws 503 while the node drains or has no configuration, 421 for the host of another region. */
export function callerOf(request: FastifyRequest, context: HttpContext): HttpCaller {
  if (context.draining()) throw new GatewayError('not_ready', 'This node is shutting down. Try again: another one will answer.');
  const snapshot = context.stages.snapshot();
  const pinned = pinnedRegionOf(request.headers.host, snapshot);
  requireOwnRegion(pinned, context.region, snapshot);
  return new HttpCaller(request, pinned, context.regions.hopOf(request.raw));
}
