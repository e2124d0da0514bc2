/**
 * The stage that talks to vendors. Guarantees: an answer begins at its commit point or fails as one GatewayError; before that point
 * failover is silent, after it nothing is retried and nothing invented; no call outlives its client; usage is asked of every vendor.
 * Vendors are rows (`VendorRow.quirks`), protocols are code (`protocols/`). Health is measured from these calls and read by planning.
 * Needs no other service: without Redis only the hints of neighbours are missing. Called by the pipeline (`execute`), by planning
 * (`health`), and by the composition root, which carries hints and closes.
 */

import type { CredentialRest, NodeStatus } from '../../shared/node-status.js';
import type { CircuitHint, CompletionRequest, HealthView, Meter, RoutePlan, Snapshot, UpstreamAnswer } from '../types.js';
import { CredentialRests } from './credential-rests.js';
import { UpstreamClient } from './dispatch.js';
import { type ExecuteDependencies, execute } from './execute.js';
import { type EndpointReading, Health } from './health.js';
import { Prober } from './prober.js';

export interface UpstreamDependencies extends Pick<ExecuteDependencies, 'random' | 'onFailure'> {
  /** For probing idle vendors, where its settings allow it. Throws while there is none to be trusted; absent: nothing is probed. */
  readonly snapshot?: () => Snapshot;
  /** Unix milliseconds. Default: the system's. */
  readonly wallClock?: () => number;
  /** Monotonic milliseconds. Default: the system's. */
  readonly now?: () => number;
  /** Told when a credential of the house begins to rest because of what this node saw. */
  readonly onRest?: (rest: CredentialRest) => void;
}

export interface Upstream {
  execute(plan: RoutePlan, request: CompletionRequest, meter: Meter, signal: AbortSignal): Promise<UpstreamAnswer>;
  readonly health: HealthView;
  /** For metrics and the operator. */
  readings(): readonly EndpointReading[];
  /** Told when a circuit of this node opened: to be sent to the region's other nodes. */
  onHint(listener: (hint: CircuitHint) => void): void;
  /** What another node of the region saw. */
  applyHint(hint: CircuitHint): void;
  /** Credentials of the house that rest, as this node saw it: for its status. */
  restingCredentials(): readonly CredentialRest[];
  /** What the fleet says; `region` is this node's. */
  applyFleet(statuses: readonly NodeStatus[], region: string): void;
  /** Waits for running calls, then closes connections. */
  close(): Promise<void>;
}

export function createUpstream(dependencies: UpstreamDependencies): Upstream {
  const now = dependencies.now ?? (() => performance.now());
  const client = new UpstreamClient();
  const wallClock = dependencies.wallClock ?? Date.now;
  const credentials = new CredentialRests({ now, wallClock, onRest: dependencies.onRest ?? (() => undefined) });
  const health = new Health(now, credentials);
  const shared: ExecuteDependencies = {
    client,
    health,
    now,
    wallClock,
    random: dependencies.random,
    onFailure: dependencies.onFailure,
  };
  const { snapshot, random } = dependencies;
  const prober = snapshot && new Prober({ client, health, random, snapshot });
  prober?.start();
  return {
    execute: (plan, request, meter, signal) => execute(shared, plan, request, meter, signal),
    health,
    readings: () => health.readings(),
    onHint: (listener) => health.onHint(listener),
    applyHint: (hint) => health.applyHint(hint),
    restingCredentials: () => credentials.report(),
    applyFleet: (statuses, region) => credentials.applyPeers(statuses, region),
    async close() {
      prober?.close();
      await client.close();
    },
  };
}
