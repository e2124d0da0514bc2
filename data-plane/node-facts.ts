/** What a node says of itself: its status in the fleet, its metrics, and why it is not ready. Read from the stages when asked. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { EndpointHealth, NodeStatus } from '../shared/node-status.js';
import type { Admission } from './admission/admission.js';
import type { DataPlaneConfig } from './config.js';
import type { ConnectionClock } from './http/connection-clock.js';
import type { Metering } from './metering/metering.js';
import type { Snapshots } from './snapshot/create-snapshots.js';
import type { Upstream } from './upstream/upstream.js';

export interface NodeFacts {
  readonly config: DataPlaneConfig;
  readonly startedAtMs: number;
  readonly metering: Metering;
  readonly upstream: Upstream;
  readonly admission: Admission;
  readonly snapshots: Snapshots;
  readonly isDraining: () => boolean;
}

export function nodeStatus({ config, startedAtMs, metering, upstream, isDraining, ...rest }: NodeFacts) {
  const problems = nodeProblems({ config, startedAtMs, metering, upstream, isDraining, ...rest });
  return {
    nodeId: config.nodeId,
    region: config.region,
    epoch: metering.epoch,
    version: config.version,
    url: config.publicUrl,
    startedAtMs,
    ready: problems.length === 0,
    draining: isDraining() || isDrained({ config, snapshots: rest.snapshots }),
    openRequests: metering.openRequests,
    spool: metering.spool,
    endpoints: endpointHealth(upstream),
    restingCredentials: upstream.restingCredentials(),
  } satisfies Partial<NodeStatus>;
}

function endpointHealth(upstream: Upstream): EndpointHealth[] {
  return upstream.readings().map((reading) => ({
    endpointId: reading.endpointId,
    successRate: reading.successRate,
    firstTokenMs: reading.firstTokenMs ?? 0,
    tokensPerSecond: reading.tokensPerSecond ?? 0,
    requests: reading.requests,
    circuit: reading.open ? 'open' : 'closed',
  }));
}

/** By an operator: load balancers and regions turn away from it, while what still comes is answered. */
function isDrained({ config, snapshots }: Pick<NodeFacts, 'config' | 'snapshots'>): boolean {
  try {
    return snapshots.current().settings.drainedNodes?.includes(config.nodeId) === true;
  } catch {
    return false;
  }
}

/** Empty when the node can serve. */
export function nodeProblems({ config, metering, snapshots, isDraining }: NodeFacts): readonly string[] {
  const problems: string[] = [];
  if (isDraining()) problems.push('draining');
  if (isDrained({ config, snapshots })) problems.push('drained by an operator');
  try {
    snapshots.current();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  if (metering.refusal !== undefined) problems.push(metering.refusal);
  return problems;
}

export function registerNodeMetrics(registry: Registry, facts: NodeFacts, clock: ConnectionClock): void {
  collectDefaultMetrics({ register: registry });
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['modelapi_open_completions', 'Completions that are being answered.', () => clock.openCount],
    ['modelapi_config_revision', 'Applied configuration revision; 0 is none.', () => facts.snapshots.revision()],
    ['modelapi_config_silence_seconds', 'Since Redis or the control plane was last heard.', () => facts.snapshots.silenceMs() / 1000],
    ['modelapi_spool_unacknowledged', 'Settlements that the ledger has not acknowledged.', () => facts.metering.spool.unacknowledged],
    ['modelapi_spool_bytes', 'Bytes of the spool on disk.', () => facts.metering.spool.bytes],
    [
      'modelapi_vendor_credentials_resting',
      'Vendor credentials that were refused to this node.',
      () => facts.upstream.restingCredentials().length,
    ],
    ['modelapi_open_leases', 'Slices of wallets that this node holds.', () => facts.admission.openLeases],
    ['modelapi_ready', '1 when the node can serve.', () => (nodeProblems(facts).length === 0 ? 1 : 0)],
  ];
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}
