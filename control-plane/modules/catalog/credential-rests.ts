/**
 * Vendor credentials that nodes let rest, as the fleet's statuses say: shown on the credential, told to the operator as an alert, which
 * resolves itself when no live node rests it any more. Nothing is stored but the operator's click (`vendor_credential.wakes`): a rest
 * that a node began before it is over. Without news of the nodes nothing is shown and no alert is resolved.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import type { CredentialRest } from '../../../shared/node-status.js';
import { raiseAlerts } from '../billing/alert.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Fleet } from '../fleet/fleet.js';
import { requireUuid } from '../identifiers.js';
import type { Actor } from '../permissions.js';
import { VendorCredential } from './vendor.entity.js';

interface NodeRest extends CredentialRest {
  readonly nodeId: string;
  /** On the node's clock, as its status was. */
  readonly untilMs: number;
}

/** Of live nodes; the one that lasts longest first. */
export function restsOf(fleet: Fleet, credential: Pick<VendorCredential, 'id' | 'wakes'>): readonly NodeRest[] {
  return restsOfFleet(fleet)
    .filter((rest) => rest.credentialId === credential.id && rest.wakes >= credential.wakes)
    .sort((left, right) => right.untilMs - left.untilMs);
}

export function countRestingCredentials(fleet: Fleet): number {
  return new Set(restsOfFleet(fleet).map((rest) => rest.credentialId)).size;
}

export function describeRest({ reason, status }: CredentialRest): string {
  const answer = status === null ? '' : ` (HTTP ${status})`;
  return reason === 'exhausted' ? `the vendor says that it has no funds or is over its quota${answer}` : `the vendor refuses it${answer}`;
}

/** Ends the rest on every node, with the next revision. */
export async function wakeVendorCredential(em: EntityManager, actor: Actor, id: string): Promise<VendorCredential> {
  const change = { action: 'credential.wake', subjectType: 'vendor_credential', subjectId: requireUuid(id) };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const credential = await transaction.findOne(VendorCredential, { id, deletedAt: null });
    if (!credential) throw new GatewayError('not_found', 'No such credential.', { param: 'id' });
    credential.wakes += 1;
    return credential;
  });
}

/** Raised so long ago and not resting: over. A node's status may be one report late. */
const SETTLED_SECONDS = 15;
const MAX_SEEN = 10_000;

/** To be called every few seconds. An alert is raised once for each rest of each node: a failed probe counts it up. */
export class RestAlerts {
  readonly #seen = new Set<string>();

  constructor(
    private readonly pool: Pool,
    private readonly fleet: Fleet,
  ) {}

  async check(): Promise<void> {
    if (this.fleet.liveNodeCount() === 0) return;
    const known = await this.#credentials();
    const resting = restsOfFleet(this.fleet).filter((rest) => rest.wakes >= (known.get(rest.credentialId)?.wakes ?? Infinity));
    const fresh = resting.filter((rest) => !this.#seen.has(keyOf(rest)));
    await raiseAlerts(
      this.pool,
      fresh.map((rest) => ({
        kind: 'credential_resting' as const,
        subject: rest.credentialId,
        detail: `${known.get(rest.credentialId)?.name ?? rest.credentialId}: ${describeRest(rest)}; rests on node ${rest.nodeId}`,
        accountId: null,
      })),
    );
    if (this.#seen.size > MAX_SEEN) this.#seen.clear();
    for (const rest of fresh) this.#seen.add(keyOf(rest));
    await this.pool.query(
      `UPDATE alert SET resolved_at = now() WHERE kind = 'credential_resting' AND resolved_at IS NULL AND subject <> ALL($1::text[])
       AND last_at < now() - $2 * interval '1 second'`,
      [[...new Set(resting.map((rest) => rest.credentialId))], SETTLED_SECONDS],
    );
  }

  async #credentials(): Promise<ReadonlyMap<string, { readonly wakes: number; readonly name: string }>> {
    const { rows } = await this.pool.query<{ id: string; wakes: number; name: string }>(
      `SELECT id, wakes, vendor_id || CASE label WHEN '' THEN '' ELSE ' "' || label || '"' END || ' (..' || last4 || ')' AS name
       FROM vendor_credential WHERE deleted_at IS NULL AND enabled`,
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}

function restsOfFleet(fleet: Fleet): NodeRest[] {
  return fleet
    .live()
    .flatMap(({ nodeId, restingCredentials = [] }) =>
      restingCredentials.map((rest) => ({ ...rest, nodeId, untilMs: rest.sinceMs + rest.forMs })),
    );
}

function keyOf({ nodeId, credentialId, sinceMs }: NodeRest): string {
  return `${nodeId}/${credentialId}/${sinceMs}`;
}
