/**
 * May this caller make this request now? Authentication from the snapshot, limits in memory, money from leases in memory.
 *
 * - In steady state nothing here leaves the process; a request whose lease does not suffice waits for one call to the control plane.
 * - When it throws, nothing is held: 401 / 403 (who), 429 (how fast), 402 (money), 503 (our own dependency, with a retry hint).
 * - When the control plane is away, leases that this node has are spent; those of its earlier life too, after a restart.
 * - `drain` gives every lease back, with count and sum; call it when no request runs any more and the spool has been shipped.
 * Called by the pipeline (app.ts wires it). Other stages know only `Hold`.
 */

import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type InheritedLease, type LeaseJournal, LeasePool } from '../../shared/lease-pool.js';
import type { GatewaySettings } from '../../shared/snapshot.js';
import type { CompletionRequest, ControlPlane, Hold, Principal, RoutePlan } from '../types.js';
import { type Authenticate, createAuthenticate } from './authenticate.js';
import { LeaseLink } from './lease-link.js';
import { type Limits, RateLimiter } from './rate-limit.js';
import { holdFunds } from './wallet-lease.js';

export interface AdmissionOptions {
  readonly nodeId: string;
  readonly epoch: number;
  readonly region: string;
  readonly apiKeyPepper: string;
  readonly nodeToken: string;
  readonly controlPlane: ControlPlane;
  /** Of the snapshot in force. */
  readonly settings: () => GatewaySettings;
  /** Metering's spool: leases are written down as they come and go. */
  readonly journal: LeaseJournal;
  /** What the spool knows of this node's earlier life; `renewedAtMs` in Unix milliseconds. */
  readonly inherited: readonly InheritedLease[];
  readonly warn: (message: string, error?: unknown) => void;
}

export interface Admission {
  readonly authenticate: Authenticate;
  admit(request: CompletionRequest, principal: Principal, plan: RoutePlan): Hold | Promise<Hold>;
  readonly openLeases: number;
  /** Resolves with how many leases the ledger did not confirm within `timeoutMs`; those come back by expiry. */
  drain(timeoutMs: number): Promise<number>;
  close(): void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const now = () => performance.now();
  const limiter = new RateLimiter(now);
  const pool = new LeasePool({ nodeId: options.nodeId, epoch: options.epoch, newLeaseId: randomUUID, journal: options.journal }, now());
  for (const lease of options.inherited) pool.inherit({ ...lease, renewedAtMs: toSteady(lease.renewedAtMs, now()) });
  const link = new LeaseLink(pool, { controlPlane: options.controlPlane, nodeToken: options.nodeToken, now, warn: options.warn });
  link.poke();
  const wallet = { pool, link, now, topUpUrl: () => options.settings().topUpUrl };

  return {
    authenticate: createAuthenticate({
      pepper: options.apiKeyPepper,
      region: options.region,
      nodeToken: options.nodeToken,
      now: Date.now,
    }),
    admit(request, principal, plan) {
      const settings = options.settings();
      const tokens = plan.estimate.input + plan.estimate.outputExpected;
      const { keyId, accountId } = principal;
      const ticket = limiter.take(keyId, keyLimits(principal, settings), accountId, accountLimits(principal), tokens);
      try {
        const hold = holdFunds(wallet, request, principal, plan, ticket);
        return hold instanceof Promise ? hold.catch(giveBack) : hold;
      } catch (error) {
        return giveBack(error);
      }
      function giveBack(error: unknown): never {
        ticket.close(undefined);
        throw error;
      }
    },
    get openLeases() {
      return pool.openLeases;
    },
    drain: (timeoutMs) => link.drain(timeoutMs),
    close: () => link.close(),
  };
}

function keyLimits({ keyPolicy }: Principal, settings: GatewaySettings): Limits {
  return {
    requestsPerMinute: keyPolicy.requestsPerMinute ?? settings.defaultRequestsPerMinute,
    tokensPerMinute: keyPolicy.tokensPerMinute ?? settings.defaultTokensPerMinute,
    concurrency: keyPolicy.concurrency ?? Number.POSITIVE_INFINITY,
  };
}

function accountLimits({ accountPolicy }: Principal): Limits {
  return {
    requestsPerMinute: accountPolicy.requestsPerMinute ?? Number.POSITIVE_INFINITY,
    tokensPerMinute: accountPolicy.tokensPerMinute ?? Number.POSITIVE_INFINITY,
    concurrency: Number.POSITIVE_INFINITY,
  };
}

/** A moment on the wall, as a moment of this process's steady clock; one in the future counts as now. */
function toSteady(unixMs: number, steadyNowMs: number): number {
  return steadyNowMs - Math.max(0, Date.now() - unixMs);
}
