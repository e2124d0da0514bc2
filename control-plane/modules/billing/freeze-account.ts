import type { ClientBase } from 'pg';

/** `debt`: a payment was reversed after it was spent. `ledger_mismatch`: the reconciler found books that do not agree. */
export type FreezeReason = 'debt' | 'ledger_mismatch';

/** No new admission from now on. Nodes hear of it by the revision that this makes, in the same transaction. True when it was not frozen. */
export async function freezeAccount(client: ClientBase, accountId: string, reason: FreezeReason): Promise<boolean> {
  const { rowCount } = await client.query(
    'UPDATE account SET frozen_at = now(), frozen_reason = $2, updated_at = now() WHERE id = $1 AND frozen_at IS NULL',
    [accountId, reason],
  );
  if (rowCount === 1) await touchAccount(client, accountId);
  return rowCount === 1;
}

/** Only what was frozen for this reason. */
export async function unfreezeAccount(client: ClientBase, accountId: string, reason: FreezeReason): Promise<boolean> {
  const { rowCount } = await client.query(
    'UPDATE account SET frozen_at = NULL, frozen_reason = NULL, updated_at = now() WHERE id = $1 AND frozen_reason = $2',
    [accountId, reason],
  );
  if (rowCount === 1) await touchAccount(client, accountId);
  return rowCount === 1;
}

async function touchAccount(client: ClientBase, accountId: string): Promise<void> {
  const touched = JSON.stringify([{ kind: 'account', subjectType: 'account', subjectId: accountId }]);
  await client.query('SELECT touch_config($1::jsonb, NULL)', [touched]);
}
