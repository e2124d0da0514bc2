/**
 * The primary host: a request that named no region goes to the nearest healthy one. Forwards there when it is not this node's, moves
 * on to the next when none of its nodes answers, and in the end serves at home. A request that a node forwarded, or whose host pins a
 * region, is never forwarded. When the country data cannot be read, everybody is served where they arrive.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent } from 'undici';
import type { NodeStatus } from '../../shared/node-status.js';
import type { Snapshot } from '../types.js';
import { forwardRequest } from './forward-request.js';
import { HOP_HEADER, type Hop, readHop, signHop } from './hop.js';
import { ClientLocator } from './locate-client.js';
import { rankRegions } from './rank-regions.js';
import { RegionDirectory } from './region-directory.js';

/** A node that does not take a connection in this time is not near. */
const CONNECT_MS = 400;
const STREAM_IDLE_MS = 600_000;

export interface Regions {
  /** Who the client is when a node of ours forwarded the request; undefined when none did. */
  hopOf(request: IncomingMessage): Hop | undefined;
  /** Ids, nearest first, for an address. */
  nearest(address: string, snapshot: Snapshot): readonly string[];
  isHealthy(region: string): boolean;
  /**
   * Serves the request in a nearer region. Resolves false when it should be served here: this is the nearest, or no other answers.
   * `body` is what was read of the request.
   */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer | undefined,
    address: string,
    snapshot: Snapshot,
  ): Promise<boolean>;
  updateFleet(statuses: readonly NodeStatus[]): void;
  close(): Promise<void>;
}

export async function createRegions(options: {
  readonly region: string;
  readonly nodeToken: string;
  readonly now: () => number;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
}): Promise<Regions> {
  const directory = new RegionDirectory(options.region, options.now);
  const agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: STREAM_IDLE_MS, bodyTimeout: STREAM_IDLE_MS });
  const locator = await ClientLocator.open().catch((error: unknown) => {
    options.log('country data could not be read: requests are served where they arrive', { error: String(error) });
    return undefined;
  });
  const nearest = (address: string, snapshot: Snapshot): string[] =>
    rankRegions(
      locator?.locate(address) ?? { country: undefined, continent: undefined },
      [...snapshot.regions.values()],
      options.region,
    ).map((region) => region.id);

  return {
    hopOf: (request) => readHop(request.headers[HOP_HEADER], options.now(), options.nodeToken),
    nearest,
    isHealthy: (region) => directory.isHealthy(region),
    updateFleet: (statuses) => directory.update(statuses),
    async forward(request, response, body, address, snapshot) {
      for (const region of nearest(address, snapshot)) {
        if (region === options.region) return false;
        const nodes = directory.nodesOf(region);
        if (nodes.length === 0) continue;
        const mark = [HOP_HEADER, signHop({ region: options.region, address }, options.now(), options.nodeToken)] as const;
        const forwarded = { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, body, mark };
        if (await forwardRequest(forwarded, nodes, response, agent, (nodeId) => directory.rest(nodeId))) return true;
      }
      return false;
    },
    close: () => agent.close(),
  };
}
