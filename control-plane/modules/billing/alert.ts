import type { ClientBase, Pool } from 'pg';
import { plainArray, textArray } from './column-arrays.js';

export type AlertKind =
  | 'usage_quarantined'
  | 'lease_expired'
  | 'lease_overdrawn'
  | 'late_settlement'
  | 'batch_item_repeated'
  | 'ledger_mismatch'
  | 'payment_mismatch'
  | 'credential_resting';

export interface Alert {
  readonly kind: AlertKind;
  /** What it is about: raising it again while it is open counts up. */
  readonly subject: string;
  readonly detail: string;
  readonly accountId: string | null;
}

/** For the operator. One open alert per (kind, subject), in a fixed order so that two transactions cannot wait for each other. */
export async function raiseAlerts(client: ClientBase | Pool, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return;
  const latest = new Map(alerts.map((alert) => [`${alert.kind} ${alert.subject}`, alert]));
  const ordered = [...latest].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, alert]) => alert);
  await client.query(
    `INSERT INTO alert (kind, subject, detail, account_id) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
     ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
     DO UPDATE SET detail = excluded.detail, raised = alert.raised + 1, last_at = now()`,
    [
      textArray(ordered.map((alert) => alert.kind)),
      textArray(ordered.map((alert) => alert.subject)),
      textArray(ordered.map((alert) => alert.detail)),
      plainArray(ordered.map((alert) => alert.accountId)),
    ],
  );
}
