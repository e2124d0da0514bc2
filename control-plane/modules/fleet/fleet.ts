/**
 * What every node last said, and which revision it has applied. Statuses come over Redis (pub/sub, and a hash read every few seconds
 * for missed messages) and over HTTP when Redis is away; both end in `observe`. A node is live while it reports; liveness is measured by
 * when WE heard it, since a node's clock may be wrong. Without Redis the view ages: revocations then answer with fewer acknowledgements,
 * never with false ones.
 */
import { NODE_LIVE_MS, type NodeStatus } from '../../../shared/node-status.js';

export interface HeardNode {
  readonly status: NodeStatus;
  /** This process's clock, Unix milliseconds. */
  readonly heardAtMs: number;
}

export interface Acknowledgements {
  readonly acknowledged: number;
  readonly nodes: number;
}

export class Fleet {
  readonly #nodes = new Map<string, HeardNode>();
  readonly #waiters = new Set<() => void>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Ignores what is older than what is known of that node (a duplicate or a late message). */
  observe(status: NodeStatus): void {
    const known = this.#nodes.get(status.nodeId)?.status;
    if (known && isStale(status, known)) return;
    const heardAtMs = known ? this.now() : Math.min(this.now(), status.reportedAtMs);
    this.#nodes.set(status.nodeId, { status, heardAtMs });
    for (const wake of this.#waiters) wake();
  }

  all(): HeardNode[] {
    return [...this.#nodes.values()].sort((left, right) => left.status.nodeId.localeCompare(right.status.nodeId));
  }

  live(): NodeStatus[] {
    const since = this.now() - NODE_LIVE_MS;
    return this.all()
      .filter((node) => node.heardAtMs >= since)
      .map((node) => node.status);
  }

  isLive(nodeId: string): boolean {
    const node = this.#nodes.get(nodeId);
    return node !== undefined && node.heardAtMs >= this.now() - NODE_LIVE_MS;
  }

  liveNodeCount(): number {
    return this.live().length;
  }

  /** Resolves when every live node has applied `revision` or a later one, or after `waitMs`. */
  async acknowledgementsOf(revision: number, waitMs: number): Promise<Acknowledgements> {
    const deadline = this.now() + waitMs;
    for (;;) {
      const live = this.live();
      const acknowledged = live.filter((status) => status.appliedRevision >= revision).length;
      const leftMs = deadline - this.now();
      if (acknowledged === live.length || leftMs <= 0) return { acknowledged, nodes: live.length };
      await this.nextStatus(leftMs);
    }
  }

  /** Resolves when a node has spoken, after `waitMs`, or when `signal` aborts. */
  nextStatus(waitMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiters.add(wake);
    });
  }
}

/** Messages are late by seconds at most: a status that is older by more comes from a node whose clock was set back. */
function isStale(status: NodeStatus, known: NodeStatus): boolean {
  if (status.epoch !== known.epoch) return status.epoch < known.epoch;
  return status.reportedAtMs <= known.reportedAtMs && known.reportedAtMs - status.reportedAtMs < NODE_LIVE_MS;
}
