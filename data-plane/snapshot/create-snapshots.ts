/**
 * The snapshot stage, put together. `current` is what requests read; `start` resolves once the disk was tried; `close` leaves nothing
 * running and nothing half written.
 */
import { join } from 'node:path';
import type { NodeStatus } from '../../shared/node-status.js';
import { redisKeys } from '../../shared/redis-keys.js';
import type { RegionKeyPair } from '../../shared/sealed.js';
import type { CircuitHint, ControlPlane, Snapshot } from '../types.js';
import { CircuitHints } from './circuit-hints.js';
import { ControlPlaneSource } from './control-plane-source.js';
import { FleetReader } from './fleet-reader.js';
import { LastKnownGood } from './last-known-good.js';
import { connectForCommands, connectForSubscription } from './redis-connection.js';
import { RedisSource } from './redis-source.js';
import { SnapshotStore } from './snapshot-store.js';
import { StatusReporter } from './status-reporter.js';
import { SnapshotSubscriber } from './subscriber.js';
import { snapshotVerificationKey } from './verify-manifest.js';

export interface SnapshotOptions {
  readonly nodeId: string;
  readonly region: string;
  readonly regionKey: RegionKeyPair;
  /** Raw Ed25519, base64url. */
  readonly publicKey: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly nodeToken: string;
  /** The last-known-good lives in a directory of its own inside it. */
  readonly dataDirectory: string;
  readonly controlPlane: ControlPlane;
  readonly random: () => number;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
  /** What the other nodes last said of themselves; asked every few seconds. */
  readonly onFleet: (statuses: readonly NodeStatus[]) => void;
  /** A circuit opened at another node of the region. */
  readonly onCircuitHint: (hint: CircuitHint) => void;
  /** What the node says of itself beside its configuration. */
  readonly status: () => Omit<NodeStatus, 'appliedRevision' | 'appliedFrom' | 'rejected' | 'silenceMs' | 'reportedAtMs'>;
}

export interface Snapshots {
  /** Throws GatewayError `not_ready` or `service_unavailable`. */
  current(): Snapshot;
  revision(): number;
  silenceMs(): number;
  start(): Promise<void>;
  /** Says at once what has changed in `status` (ready, draining). */
  report(): void;
  /** Tells the region's other nodes; lost when Redis is away. */
  sendCircuitHint(hint: CircuitHint): void;
  close(): Promise<void>;
}

export function createSnapshots(options: SnapshotOptions): Snapshots {
  const keys = redisKeys(options.redisPrefix);
  const commands = connectForCommands(options.redisUrl, options.random);
  const subscription = connectForSubscription(options.redisUrl, options.random);
  const store = new SnapshotStore(options.region, options.regionKey, () => performance.now());
  const reporter = new StatusReporter(commands, keys, options.controlPlane, options.nodeToken, () => ({
    ...options.status(),
    appliedRevision: store.revision,
    appliedFrom: subscriber.appliedFrom,
    rejected: subscriber.rejected,
    silenceMs: Math.round(store.silenceMs()),
    reportedAtMs: Date.now(),
  }));
  const subscriber = new SnapshotSubscriber({
    store,
    disk: new LastKnownGood(join(options.dataDirectory, 'last-known-good'), (error) =>
      options.log('last-known-good was not written', { error: String(error) }),
    ),
    redisSource: new RedisSource(commands, keys),
    controlPlaneSource: new ControlPlaneSource(options.controlPlane, options.nodeToken),
    subscription,
    keys,
    publicKey: snapshotVerificationKey(options.publicKey),
    region: options.region,
    random: options.random,
    onOutcome: () => reporter.report(),
    log: options.log,
  });
  const fleet = new FleetReader(commands, keys, options.onFleet);
  const hints = new CircuitHints(commands, subscription, keys, options.region, options.nodeId, options.onCircuitHint);
  commands.on('ready', () => {
    subscriber.pull();
    reporter.report();
    fleet.read();
  });
  return {
    current: () => store.current(),
    revision: () => store.revision,
    silenceMs: () => store.silenceMs(),
    async start() {
      await subscriber.start();
      reporter.start();
      fleet.start();
      hints.start();
    },
    report: () => reporter.report(),
    sendCircuitHint: (hint) => hints.send(hint),
    async close() {
      fleet.close();
      await subscriber.close();
      await reporter.close();
      subscription.disconnect();
      commands.disconnect();
    },
  };
}
