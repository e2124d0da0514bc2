/** What really happened, seen from outside: against it the ledger is checked. */
import type { Script } from './vendor.js';

export interface RequestHistory {
  readonly script: Script;
  readonly nodeId: string;
  /** Its node died while it ran. */
  interrupted: boolean;
  /** Its node lost what it had written, at or after the admission. */
  diskLost: boolean;
}

export class History {
  readonly requests = new Map<string, RequestHistory>();
  readonly refusals = new Map<string, string>();
  readonly lostDisks = new Set<string>();
  /** A node was away for longer than its leases live. */
  longOutage = false;

  admitted(script: Script, nodeId: string): void {
    if (this.requests.has(script.request.id)) throw new Error(`${script.request.id} was admitted twice`);
    this.requests.set(script.request.id, { script, nodeId, interrupted: false, diskLost: false });
  }

  refused(requestId: string, reason: string): void {
    this.refusals.set(requestId, reason);
  }

  interrupted(requestId: string): void {
    const request = this.requests.get(requestId);
    if (request) request.interrupted = true;
  }

  diskLost(nodeId: string): void {
    this.lostDisks.add(nodeId);
    for (const request of this.requests.values()) if (request.nodeId === nodeId) request.diskLost = true;
  }
}
