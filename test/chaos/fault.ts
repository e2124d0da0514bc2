/** What a fault is, and what the faults of every kind look at. */
import { order } from './customer.js';
import type { Fleet, RestOptions } from './fleet.js';
import type { CustomerView } from './history.js';

export interface Fault {
  readonly number: string;
  readonly name: string;
  /** In every `npm test`, not only in `npm run chaos`. */
  readonly short: boolean;
  /** What the fault may have cost; nothing when it resolves to nothing. */
  run(fleet: Fleet): Promise<RestOptions | undefined>;
}

export const CUSTOMERS = 6;

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function first(fleet: Fleet) {
  const [node] = fleet.nodes;
  if (!node) throw new Error('a fleet has a node');
  return node;
}

/** Requests that were not served, though nothing that they need was away. */
export function failures(fleet: Fleet): readonly CustomerView[] {
  return fleet.history.views.filter((view) => view.status !== 200 || !view.finished);
}

/** One request to every node. */
export function askAll(fleet: Fleet, apiKey = fleet.stack.apiKey): Promise<CustomerView[]> {
  return Promise.all(fleet.nodes.map((node) => order(fleet.history, { node, apiKey, maxTokens: 20 })));
}

export async function settlementOf(fleet: Fleet, requestId: string) {
  const { rows } = await fleet.pool.query<{ charge: string; reason: string; output: string }>(
    'SELECT charge, reason, output FROM settlement WHERE request_id = $1',
    [requestId],
  );
  const [row] = rows;
  return row && { charge: BigInt(row.charge), reason: row.reason, output: Number(row.output) };
}

export async function metric(url: string, name: string): Promise<string> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new RegExp(`^${name}\\S* (\\S+)`, 'm').exec(text)?.[1] ?? '0';
}

export function percentile(views: readonly { readonly tookMs: number }[], share: number): number {
  const sorted = views.map((view) => view.tookMs).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}
