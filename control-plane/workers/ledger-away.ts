import { GatewayError } from '../../shared/errors.js';

/** A node tries again by itself; sooner would only add to the load of a database that comes back. */
const RETRY_AFTER_MS = 2_000;

/** What the routes of nodes throw when the ledger did not answer: nothing has moved. */
export function ledgerAway(cause: unknown): never {
  throw new GatewayError('service_unavailable', 'The ledger cannot be reached.', { retryAfterMs: RETRY_AFTER_MS, cause });
}
