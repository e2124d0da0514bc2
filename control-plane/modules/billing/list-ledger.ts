import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd } from '../../../shared/money.js';
import { decodeCursor, type Page, type PageRequest, pageSize, toPage } from '../../db/find-page.js';
import type { LedgerLine } from './ledger.shapes.js';

interface LineRow {
  position: string;
  line: number;
  kind: string;
  reference: string;
  reason: string;
  amount: string;
  balance_after: string;
  created_at: Date;
}

const CURSOR = /^(\d{1,18})\.(\d{1,9})$/;

/**
 * An account's ledger, newest first. A journal of usage is shown as the requests that it settled, each with its reason; requests of test
 * keys, which cost nothing, are left out. Pages by (journal, line).
 */
export async function listLedger(pool: Pool, accountId: string, request: PageRequest): Promise<Page<LedgerLine>> {
  const size = pageSize(request);
  const [position, line] = readCursor(request.after);
  const { rows } = await pool.query<LineRow>(
    `(SELECT settlement.position, line, 'usage' AS kind, request_id::text AS reference, settlement.reason, -charge AS amount,
        settlement.balance_after, created_at
      FROM settlement JOIN journal USING (account_id, position)
      WHERE account_id = $1 AND NOT test AND (settlement.position, line) < ($2, $3)
      ORDER BY settlement.position DESC, line DESC LIMIT $4)
     UNION ALL
     (SELECT journal.position, 0, kind, ref_type || ':' || ref_id, reason, coalesce(amount, 0), balance_after, created_at
      FROM journal LEFT JOIN posting
        ON posting.account_id = journal.account_id AND posting.position = journal.position AND ledger_account = 'customer'
      WHERE journal.account_id = $1 AND kind <> 'usage' AND (journal.position, 0) < ($2, $3)
      ORDER BY journal.position DESC LIMIT $4)
     ORDER BY position DESC, line DESC LIMIT $4`,
    [accountId, position, line, size + 1],
  );
  const page = toPage(rows, size, (row) => `${row.position}.${row.line}`);
  return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: describe(node) })) };
}

function describe(row: LineRow): LedgerLine {
  return {
    id: row.kind === 'usage' ? row.reference : `${row.kind}-${row.position}`,
    kind: row.kind,
    amountUsd: formatUsd(BigInt(row.amount)),
    balanceAfterUsd: formatUsd(BigInt(row.balance_after)),
    reference: row.reference,
    reason: row.reason,
    createdAt: row.created_at,
  };
}

/** Without a cursor: before anything. */
function readCursor(after: string | null | undefined): [position: string, line: number] {
  if (after === undefined || after === null) return ['999999999999999999', 0];
  const match = CURSOR.exec(decodeCursor(after));
  if (!match) throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
  return [match[1] ?? '0', Number(match[2])];
}
