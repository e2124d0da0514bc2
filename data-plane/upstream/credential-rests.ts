/**
 * Vendor credentials of the operator that rest: the vendor said that their money is used up, or that it knows them no more.
 * - 402 and its likes (insufficient_quota) and 401 let a credential rest at once: 1 minute, twice as long after each probe that fails, at
 *   most an hour. A 403 may mean one model or one request, so three in a row are needed.
 * - While it rests, planning draws among the vendor's other credentials. Afterwards one request is its probe; success ends the matter.
 * - An operator's click raises `wakes` in the catalogue: a rest of an earlier count is over with the snapshot that says so.
 * - What this node saw goes into its status; what others saw is taken over (a 403 within the region only: vendors refuse countries).
 * In memory: a node that restarts learns again, with one failed attempt. Owned by `Health`; a success costs one look into an empty map.
 */
import type { CredentialRest, NodeStatus } from '../../shared/node-status.js';
import { NODE_LIVE_MS } from '../../shared/node-status.js';
import type { Credential } from '../types.js';
import type { UpstreamFailure } from './protocols/protocol-adapter.js';

const FIRST_REST_MS = 60_000;
const MAX_REST_MS = 3_600_000;
const FORBIDDEN_IN_A_ROW = 3;
/** A probe that never reported back blocks no longer than this. */
const PROBE_LEASE_MS = 60_000;
/** Nobody asked for the vendor so long after the rest: forgotten. */
const FORGOTTEN_AFTER_MS = 3_600_000;

type Fault = Pick<CredentialRest, 'reason' | 'status'>;

interface Entry extends Fault {
  readonly wakes: number;
  /** Refusals in a row that did not suffice yet. */
  strikes: number;
  /** Seen by this node, not heard of another. */
  own: boolean;
  /** 0 while it does not rest. Steady clock. */
  untilMs: number;
  restMs: number;
  /** Unix milliseconds. */
  sinceMs: number;
  probeUntilMs: number;
}

export interface CredentialRestOptions {
  /** Steady milliseconds. */
  readonly now: () => number;
  /** Unix milliseconds. */
  readonly wallClock: () => number;
  /** A credential began to rest because of what this node saw. */
  readonly onRest: (rest: CredentialRest) => void;
}

export class CredentialRests {
  readonly #entries = new Map<string, Entry>();
  /** Rests of other nodes that were taken over, so that an old report does not prolong one: `node/credential` -> `sinceMs`. */
  readonly #heard = new Map<string, number>();

  constructor(private readonly options: CredentialRestOptions) {}

  /** Takes no request now: it rests, or its probe is on the way. */
  isResting(credential: Credential): boolean {
    const entry = this.#entryOf(credential);
    if (entry === undefined || entry.untilMs === 0) return false;
    const now = this.options.now();
    return now < entry.untilMs || now < entry.probeUntilMs;
  }

  /** Called when an attempt begins; false: not with this credential. The first one after a rest is its probe. */
  tryBegin(credential: Credential): boolean {
    if (this.#entries.size === 0) return true;
    if (this.isResting(credential)) return false;
    const entry = this.#entryOf(credential);
    if (entry !== undefined && entry.untilMs > 0) entry.probeUntilMs = this.options.now() + PROBE_LEASE_MS;
    return true;
  }

  /** The vendor took it. One that began before the rest proves nothing. */
  recordSuccess(credential: Credential): void {
    if (this.#entries.size === 0) return;
    const entry = this.#entryOf(credential);
    if (entry !== undefined && this.options.now() >= entry.untilMs) this.#entries.delete(credential.id);
  }

  /** The attempt ended for another reason: the next one probes. */
  release(credential: Credential): void {
    const entry = this.#entries.get(credential.id);
    if (entry !== undefined) entry.probeUntilMs = 0;
  }

  /** True when it rests now: the credential is at fault, not the endpoint. */
  recordFailure(credential: Credential, failure: UpstreamFailure): boolean {
    const fault = faultOf(failure);
    if (fault === undefined) {
      this.release(credential);
      return false;
    }
    const now = this.options.now();
    const entry = this.#entryOf(credential) ?? newEntry(fault, credential.wakes ?? 0);
    this.#entries.set(credential.id, entry);
    if (now < entry.untilMs) return true;
    entry.strikes++;
    const wasProbe = entry.untilMs > 0;
    if (fault.status === 403 && !wasProbe && entry.strikes < FORBIDDEN_IN_A_ROW) return false;
    entry.restMs = wasProbe ? Math.min(entry.restMs * 2, MAX_REST_MS) : FIRST_REST_MS;
    Object.assign(entry, fault, { own: true, untilMs: now + entry.restMs, sinceMs: this.options.wallClock(), probeUntilMs: 0 });
    this.options.onRest(restOf(credential.id, entry));
    return true;
  }

  /** For this node's status: what it saw itself and what is not over. */
  report(): CredentialRest[] {
    const now = this.options.now();
    for (const [id, { untilMs }] of this.#entries) {
      if (untilMs > 0 && now > untilMs + FORGOTTEN_AFTER_MS) this.#entries.delete(id);
    }
    return [...this.#entries].filter(([, entry]) => entry.own && entry.untilMs > 0).map(([id, entry]) => restOf(id, entry));
  }

  /** What the fleet says, this node's own report among it. `region`: this node's. */
  applyPeers(statuses: readonly NodeStatus[], region: string): void {
    for (const status of statuses) {
      if (this.options.wallClock() - status.reportedAtMs > NODE_LIVE_MS) continue;
      for (const rest of status.restingCredentials ?? []) {
        if (rest.status !== 403 || status.region === region) this.#applyPeer(status, rest);
      }
    }
  }

  #applyPeer(status: NodeStatus, rest: CredentialRest): void {
    const source = `${status.nodeId}/${rest.credentialId}`;
    if (this.#heard.get(source) === rest.sinceMs) return;
    this.#heard.set(source, rest.sinceMs);
    // Measured on the other node's clock alone, so that clocks need not agree.
    const leftMs = Math.min(rest.sinceMs + rest.forMs - status.reportedAtMs, MAX_REST_MS);
    const known = this.#entries.get(rest.credentialId);
    if (leftMs <= 0 || (known !== undefined && known.untilMs > 0 && known.wakes >= rest.wakes)) return;
    const untilMs = this.options.now() + leftMs;
    this.#entries.set(rest.credentialId, { ...newEntry(rest, rest.wakes), own: false, untilMs, restMs: rest.forMs, sinceMs: rest.sinceMs });
  }

  /** A rest of before the operator's last click is none. */
  #entryOf(credential: Credential): Entry | undefined {
    const entry = this.#entries.get(credential.id);
    if (entry === undefined || entry.wakes >= (credential.wakes ?? 0)) return entry;
    this.#entries.delete(credential.id);
    return undefined;
  }
}

function faultOf(failure: UpstreamFailure): Fault | undefined {
  const status = failure.status ?? null;
  if (failure.kind === 'billing') return { reason: 'exhausted', status };
  return failure.kind === 'auth' ? { reason: 'refused', status } : undefined;
}

function newEntry({ reason, status }: Fault, wakes: number): Entry {
  return { reason, status, wakes, strikes: 0, own: true, untilMs: 0, restMs: 0, sinceMs: 0, probeUntilMs: 0 };
}

function restOf(credentialId: string, { wakes, reason, status, sinceMs, restMs }: Entry): CredentialRest {
  return { credentialId, wakes, reason, status, sinceMs, forMs: restMs };
}
