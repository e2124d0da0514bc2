/** Settlements as the database has them; they appear a moment after the answer ended. */
import type { Pool } from 'pg';

export interface SettledRequest {
  readonly charge: bigint;
  readonly reason: string;
  readonly estimated: boolean;
}

const PATIENCE_MS = 10_000;
const POLL_MS = 50;

/** Rejects when the request has not settled within ten seconds. */
export async function waitForSettlement(pool: Pool, requestId: string): Promise<SettledRequest> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await pool.query<{ charge: string; reason: string; estimated: boolean }>(
      'SELECT charge::text, reason, estimated FROM settlement WHERE request_id = $1',
      [requestId],
    );
    const row = rows[0];
    if (row) return { ...row, charge: BigInt(row.charge) };
    if (Date.now() > until) throw new Error(`request ${requestId} did not settle within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
