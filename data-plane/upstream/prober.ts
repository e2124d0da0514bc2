/**
 * Asks vendors that nobody uses just now whether they are there, so that the first customer after a silence is not the one who finds out
 * that they are not. Only where the operator allows it (`settings.probeIdleEndpoints`); off by default.
 * The question is `GET /models` with the house's credential: it is free at every vendor, whereas a completion of one token costs money
 * that no customer would be charged for, at each of hundreds of endpoints. It shows what fails a whole vendor (address, certificate,
 * outage, revoked key) and not what fails one model: that is found by real traffic, whose circuits no probe closes.
 * Two unanswered probes in a row open the vendor's circuits until the next one; a good one takes back what a probe had opened.
 * One vendor after another, a few bytes each; a probe that fails costs nothing else. Started by app.ts.
 */
import type { Credential, Endpoint, Snapshot } from '../types.js';
import type { UpstreamClient } from './dispatch.js';
import type { Health } from './health.js';
import { modelListCall } from './protocols/model-list-call.js';
import { readWhole } from './read-whole.js';

const PROBE_EVERY_MS = 30_000;
/** A vendor that served within this time is known by its traffic. */
const IDLE_MS = 60_000;
/** A lost packet is no outage: asked again after this. */
const SECOND_LOOK_MS = 1_000;
const ANSWER_MS = 5_000;
/** Until the next probe, and what it takes. */
const OPEN_MS = PROBE_EVERY_MS + 2 * ANSWER_MS + SECOND_LOOK_MS;
/** A list of models, in full. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

export interface ProberParts {
  readonly client: UpstreamClient;
  readonly health: Health;
  readonly random: () => number;
  /** Throws while there is none to be trusted. */
  readonly snapshot: () => Snapshot;
}

export class Prober {
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly parts: ProberParts) {}

  start(): void {
    if (this.#closed) return;
    // Nodes of a region must not ask in step.
    const delayMs = PROBE_EVERY_MS * (0.75 + this.parts.random() / 2);
    this.#timer = setTimeout(() => {
      void this.probeIdle().finally(() => this.start());
    }, delayMs);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** One round; never rejects. */
  async probeIdle(): Promise<void> {
    const snapshot = this.#snapshot();
    if (snapshot?.settings.probeIdleEndpoints !== true) return;
    for (const [vendorId, endpoints] of endpointsByVendor(snapshot)) {
      const [credential] = snapshot.credentials.get(vendorId) ?? [];
      if (this.#closed) return;
      if (!credential || !endpoints.every(({ id }) => this.parts.health.isIdle(id, IDLE_MS))) continue;
      const [first] = endpoints;
      if (first) await this.#probe(first, credential, endpoints);
    }
  }

  #snapshot(): Snapshot | undefined {
    try {
      return this.parts.snapshot();
    } catch {
      return undefined;
    }
  }

  async #probe(sample: Endpoint, credential: Credential, endpoints: readonly Endpoint[]): Promise<void> {
    const { health } = this.parts;
    const well = (await this.#answers(sample, credential)) || (await this.#answersLater(sample, credential));
    for (const { id } of endpoints) health.recordProbe(id, well ? 0 : OPEN_MS);
  }

  async #answersLater(sample: Endpoint, credential: Credential): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS).unref());
    return this.#answers(sample, credential);
  }

  /** Any answer shows a vendor that is there, except that it is ill (5xx) or no longer knows the house (401). */
  async #answers({ vendor }: Endpoint, credential: Credential): Promise<boolean> {
    const call = modelListCall(vendor, credential);
    const reader = this.parts.client.send({
      ...call,
      method: 'GET',
      body: null,
      connectMs: vendor.timeouts.connectMs,
      userSupplied: false,
    });
    const timer = setTimeout(() => reader.abort(new Error(`no answer to a probe within ${ANSWER_MS} ms`)), ANSWER_MS);
    try {
      const { status } = await reader.head;
      await readWhole(reader, MAX_LIST_BYTES);
      return status < 500 && status !== 401;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

function endpointsByVendor(snapshot: Snapshot): Map<string, Endpoint[]> {
  return Map.groupBy([...snapshot.endpointsByModel.values()].flat(), (endpoint) => endpoint.vendorId);
}
