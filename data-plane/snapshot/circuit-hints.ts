/**
 * What the nodes of a region tell each other of vendors: "this endpoint's circuit opened here". One message for one opening, to the
 * region's channel; never one per request. A hint spares the neighbours the failures that this node has seen; it is believed for seconds
 * and then probed (`upstream/circuit-breaker.ts`). Lost messages, a Redis that is away and nonsense cost nothing but those failures.
 */
import type { Redis } from 'ioredis';
import type { RedisKeys } from '../../shared/redis-keys.js';
import type { CircuitHint } from '../types.js';

/** Ids are a vendor and a model; longer is none of ours. */
const MAX_ID_CHARACTERS = 500;

export class CircuitHints {
  readonly #channel: string;

  constructor(
    private readonly commands: Redis,
    /** In subscriber mode: shared with the configuration's announcements. */
    private readonly subscription: Redis,
    keys: RedisKeys,
    region: string,
    private readonly nodeId: string,
    private readonly onHint: (hint: CircuitHint) => void,
  ) {
    this.#channel = keys.circuitChannel(region);
  }

  start(): void {
    this.subscription.on('message', (channel: string, message: string) => {
      if (channel !== this.#channel) return;
      const hint = readHint(message, this.nodeId);
      if (hint) this.onHint(hint);
    });
    this.subscription.subscribe(this.#channel).catch(() => undefined);
  }

  /** Returns at once; what cannot be sent now is not worth sending later. */
  send({ endpointId, openForMs }: CircuitHint): void {
    this.commands.publish(this.#channel, JSON.stringify({ nodeId: this.nodeId, endpointId, openForMs })).catch(() => undefined);
  }
}

/** A neighbour's hint; undefined for our own and for what is none. */
function readHint(message: string, ownId: string): CircuitHint | undefined {
  try {
    const { nodeId, endpointId, openForMs } = JSON.parse(message) as Record<string, unknown>;
    if (nodeId === ownId || typeof endpointId !== 'string' || endpointId.length > MAX_ID_CHARACTERS) return undefined;
    return typeof openForMs === 'number' && openForMs > 0 ? { endpointId, openForMs } : undefined;
  } catch {
    return undefined;
  }
}
