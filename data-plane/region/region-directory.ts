/**
 * Which regions can serve now, and at which nodes. Guarantees: a node that refused a connection is not tried again for a moment; a
 * region without a live node is not chosen; our own region always can serve, because we are in it. Fed with the fleet's statuses by
 * the snapshot stage; when Redis is away the last ones age out and every request is served at home. Used by the forwarder and by
 * `GET /v1/regions`.
 */
import { NODE_LIVE_MS, type NodeStatus } from '../../shared/node-status.js';

/** A node that failed is left alone this long: long enough for its status to say so. */
const REST_MS = 3_000;

export interface PeerNode {
  readonly nodeId: string;
  readonly url: string;
}

export class RegionDirectory {
  #byRegion = new Map<string, NodeStatus[]>();
  readonly #restingUntilMs = new Map<string, number>();

  constructor(
    private readonly home: string,
    /** Unix milliseconds. */
    private readonly now: () => number,
  ) {}

  update(statuses: readonly NodeStatus[]): void {
    const byRegion = new Map<string, NodeStatus[]>();
    for (const status of statuses) {
      const known = byRegion.get(status.region);
      if (known) known.push(status);
      else byRegion.set(status.region, [status]);
    }
    this.#byRegion = byRegion;
  }

  isHealthy(region: string): boolean {
    return region === this.home || this.nodesOf(region).length > 0;
  }

  /** Live, ready and not resting; those with fewest open requests first. */
  nodesOf(region: string): PeerNode[] {
    const now = this.now();
    return (this.#byRegion.get(region) ?? [])
      .filter((status) => status.ready && !status.draining && now - status.reportedAtMs < NODE_LIVE_MS)
      .filter((status) => (this.#restingUntilMs.get(status.nodeId) ?? 0) <= now)
      .sort((left, right) => left.openRequests - right.openRequests);
  }

  /** It did not answer: the next request goes elsewhere. */
  rest(nodeId: string): void {
    this.#restingUntilMs.set(nodeId, this.now() + REST_MS);
  }
}
