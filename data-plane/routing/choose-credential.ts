/** Which keys may be used at an endpoint: the customer's own first (`prefer`, `only`), then one of the house's by weight. */
import type { ByokRow } from '../../shared/access-document.js';
import { drawByWeight } from '../../shared/draw-by-weight.js';
import type { Credential, Endpoint, HealthView, Principal, Snapshot } from '../types.js';

const NO_ROWS: readonly ByokRow[] = [];

/** The key's own rows stand before the account's. */
export function byokRows(principal: Principal): readonly ByokRow[] {
  const { byok: own = NO_ROWS } = principal.keyPolicy;
  const { byok: shared = NO_ROWS } = principal.accountPolicy;
  if (principal.test || own.length + shared.length === 0) return NO_ROWS;
  return [...own, ...shared.filter((row) => !own.some((one) => one.vendorId === row.vendorId))];
}

/** The customer's credential for this endpoint, or undefined when there is none that this region can open. */
export function openOwn(rows: readonly ByokRow[], endpoint: Endpoint, principal: Principal, snapshot: Snapshot): Credential | undefined {
  for (const row of rows) {
    if (row.vendorId !== endpoint.vendorId) continue;
    const opened = snapshot.openByok(row, principal.accountId);
    if (opened) return opened;
  }
  return undefined;
}

/** True when the customer pays this vendor with their key alone: a model that it serves then never costs them our price. */
export function isOwnOnly(rows: readonly ByokRow[], endpoint: Endpoint): boolean {
  return rows.some((row) => row.vendorId === endpoint.vendorId && row.mode === 'only');
}

/** Drawn by weight among those that do not rest. */
export function drawHouse(endpoint: Endpoint, snapshot: Snapshot, health: HealthView, random: () => number): Credential | undefined {
  const credentials = snapshot.credentials.get(endpoint.vendorId);
  const [only] = credentials ?? [];
  if (only && credentials?.length === 1) return health.isResting(only) ? undefined : only;
  return credentials && drawByWeight(credentials, (credential) => !health.isResting(credential), random);
}
