/**
 * The money invariants of billing.md 4 that the database alone can show, read in one consistent snapshot. Called at the end of every
 * end-to-end and chaos test: `await assertMoneyInvariants(pool)` throws one Error that lists everything that is wrong.
 * I3 (every admitted request has a settlement), I5 (tokens of the vendor) and I10 (revocation) need what nodes and vendors saw.
 */
import type { Pool, PoolClient } from 'pg';
import { type PriceRow, readSheet } from '../../control-plane/modules/billing/price-sheet.js';
import { byokChargeFor, chargeFor, type PriceSheet } from '../../shared/money.js';

export interface InvariantOptions {
  /** No request is running and every spool is shipped: then leases hold nothing that was spent, and no sequence is missing. */
  readonly quiet?: boolean;
  /** What may be lost at most, nano-USD (I9): the open leases of lost disks. */
  readonly maxPlatformLoss?: bigint;
}

interface Check {
  readonly name: string;
  /** Rows are violations. */
  readonly sql: string;
}

const CHECKS: readonly Check[] = [
  {
    name: 'I1 postings of each journal sum to 0',
    sql: `SELECT account_id, position, sum(amount) AS total FROM posting GROUP BY 1, 2 HAVING sum(amount) <> 0`,
  },
  {
    name: "I1 wallet.available + leased = sum of the account's postings",
    sql: `SELECT wallet.account_id, available + leased AS wallet, coalesce(posted.total, 0) AS posted FROM wallet
          LEFT JOIN (SELECT account_id, sum(amount) AS total FROM posting WHERE ledger_account = 'customer' GROUP BY 1) AS posted USING (account_id)
          WHERE available + leased <> coalesce(posted.total, 0)`,
  },
  {
    name: 'I1 wallet.debt = what the ledger says is owed',
    sql: `SELECT wallet.account_id, debt, coalesce(posted.total, 0) AS posted FROM wallet
          LEFT JOIN (SELECT account_id, sum(amount) AS total FROM posting WHERE ledger_account = 'debt' GROUP BY 1) AS posted USING (account_id)
          WHERE debt <> -coalesce(posted.total, 0)`,
  },
  {
    name: 'I1 wallet.leased = what its open leases have left',
    sql: `SELECT wallet.account_id, leased, coalesce(open.total, 0) AS open FROM wallet
          LEFT JOIN (SELECT account_id, sum(granted - consumed) AS total FROM lease WHERE state = 'open' GROUP BY 1) AS open USING (account_id)
          WHERE leased <> coalesce(open.total, 0)`,
  },
  {
    name: 'the sums of the house = the sums of the customers',
    sql: `SELECT house.charge, customers.charge FROM (SELECT sum(charge) AS charge, sum(requests) AS requests FROM house_rollup) AS house,
            (SELECT sum(charge) AS charge, sum(requests) AS requests FROM usage_rollup) AS customers
          WHERE (house.charge, house.requests) IS DISTINCT FROM (customers.charge, customers.requests)`,
  },
  { name: 'I2 nothing negative in a wallet', sql: 'SELECT * FROM wallet WHERE available < 0 OR leased < 0 OR debt < 0' },
  { name: 'I2 consumed <= granted', sql: 'SELECT id, consumed, granted FROM lease WHERE consumed > granted OR consumed < 0' },
  {
    name: 'I3 a request settles at most once',
    sql: 'SELECT request_id, count(*) FROM settlement GROUP BY 1 HAVING count(*) > 1',
  },
  {
    name: 'I3 a sequence settles at most once',
    sql: 'SELECT node_id, epoch, sequence, count(*) FROM settlement GROUP BY 1, 2, 3 HAVING count(*) > 1',
  },
  {
    name: 'I3 nothing is settled beyond the cursor unless remembered',
    sql: `SELECT settlement.node_id, settlement.epoch, settlement.sequence FROM settlement
          LEFT JOIN node_cursor USING (node_id, epoch) LEFT JOIN usage_ahead USING (node_id, epoch, sequence)
          WHERE settlement.sequence > coalesce(node_cursor.acknowledged, 0) AND usage_ahead.sequence IS NULL`,
  },
  {
    name: 'I3 every sequence up to the cursor is settled or quarantined',
    sql: `SELECT node_cursor.node_id, node_cursor.epoch, acknowledged, seen.count FROM node_cursor
          CROSS JOIN LATERAL (SELECT count(DISTINCT sequence) FROM (
            SELECT sequence FROM settlement WHERE settlement.node_id = node_cursor.node_id AND settlement.epoch = node_cursor.epoch
            UNION ALL SELECT sequence FROM quarantine WHERE quarantine.node_id = node_cursor.node_id AND quarantine.epoch = node_cursor.epoch
          ) AS taken WHERE sequence <= acknowledged) AS seen WHERE seen.count <> acknowledged`,
  },
  {
    name: 'I4 charge + loss = actual, and journals post their settlements',
    sql: `SELECT journal.account_id, journal.position FROM journal
          LEFT JOIN (SELECT account_id, position, sum(charge) AS charge, sum(loss) AS loss, sum(actual) AS actual
                     FROM settlement GROUP BY 1, 2) AS settled USING (account_id, position)
          LEFT JOIN (SELECT account_id, position,
                       coalesce(sum(amount) FILTER (WHERE ledger_account = 'customer'), 0) AS customer,
                       coalesce(sum(amount) FILTER (WHERE ledger_account = 'platform_loss'), 0) AS loss,
                       coalesce(sum(amount) FILTER (WHERE ledger_account IN ('revenue', 'byok_fees')), 0) AS earned
                     FROM posting GROUP BY 1, 2) AS posted USING (account_id, position)
          WHERE kind = 'usage' AND (settled.charge IS NULL OR settled.charge <> -coalesce(posted.customer, 0)
            OR settled.loss <> -coalesce(posted.loss, 0) OR settled.actual <> coalesce(posted.earned, 0))`,
  },
  {
    name: 'I4 every settlement stands in a journal',
    sql: `SELECT request_id FROM settlement LEFT JOIN journal USING (account_id, position) WHERE journal.kind IS DISTINCT FROM 'usage'`,
  },
  {
    name: 'I6 a batch item is charged at most once',
    sql: `SELECT batch_item_id, count(*) FROM settlement WHERE batch_item_id IS NOT NULL AND charge > 0 GROUP BY 1 HAVING count(*) > 1`,
  },
  {
    name: 'I7 a payment is credited at most once',
    sql: `SELECT ref_type, ref_id, count(*) FROM journal WHERE kind = 'top_up' GROUP BY 1, 2 HAVING count(*) > 1`,
  },
  {
    name: 'I8 no open lease older than 15 minutes without a renewal',
    sql: `SELECT id, expires_at FROM lease WHERE state = 'open' AND expires_at < now() - interval '15 minutes'`,
  },
  {
    name: 'I11 a total budget is passed by one request at most, over all keys that were rotated into one',
    sql: `SELECT api_key.id, total_nano, spent.charge FROM api_key
          JOIN (SELECT lineage_id, sum(charge) AS charge, max(charge) AS largest FROM settlement JOIN api_key ON api_key.id = key_id GROUP BY 1)
            AS spent USING (lineage_id)
          WHERE replaced_by IS NULL AND spent.charge > total_nano + spent.largest`,
  },
  {
    name: 'I12 rollups = sum of settlements',
    sql: `SELECT * FROM (SELECT key_id, usage_date AS day, model, vendor_id, byok, count(*) AS requests, sum(charge) AS charge, sum(output) AS output,
                           sum(loss) AS loss FROM settlement GROUP BY 1, 2, 3, 4, 5) AS settled
          FULL JOIN usage_rollup AS rolled USING (key_id, day, model, vendor_id, byok)
          WHERE settled.requests IS DISTINCT FROM rolled.requests OR settled.charge IS DISTINCT FROM rolled.charge
            OR settled.output IS DISTINCT FROM rolled.output OR settled.loss IS DISTINCT FROM rolled.loss`,
  },
  {
    name: 'the trial balance is 0',
    sql: 'SELECT sum(amount) AS total FROM posting HAVING sum(amount) <> 0',
  },
  {
    name: 'each journal follows the one before, and the wallet is at the last',
    sql: `SELECT wallet.account_id, wallet.position FROM wallet
          LEFT JOIN (SELECT account_id, count(*) AS journals, max(position) AS last FROM journal GROUP BY 1) AS chain USING (account_id)
          LEFT JOIN journal ON journal.account_id = wallet.account_id AND journal.position = wallet.position
          WHERE wallet.position <> coalesce(chain.last, 0) OR wallet.position <> coalesce(chain.journals, 0)
            OR (wallet.position > 0 AND (journal.hash <> wallet.head OR journal.balance_after <> available + leased))`,
  },
  {
    name: 'each journal carries the hash of the one before',
    sql: `SELECT later.account_id, later.position FROM journal AS later
          LEFT JOIN journal AS earlier ON earlier.account_id = later.account_id AND earlier.position = later.position - 1
          WHERE later.prev_hash <> coalesce(earlier.hash, decode(repeat('00', 32), 'hex'))`,
  },
];

/** When every spool is shipped. */
const QUIET_CHECKS: readonly Check[] = [{ name: 'I3 no sequence is missing when all is quiet', sql: 'SELECT * FROM usage_ahead' }];

export async function assertMoneyInvariants(pool: Pool, options: InvariantOptions = {}): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const broken: string[] = [];
    for (const check of options.quiet ? [...CHECKS, ...QUIET_CHECKS] : CHECKS) {
      const { rows } = await client.query(check.sql);
      if (rows.length > 0) broken.push(`${check.name}: ${rows.length} broken, for example ${JSON.stringify(rows[0])}`);
    }
    broken.push(...(await checkCharges(client)), ...(await checkLoss(client, options.maxPlatformLoss)));
    if (broken.length > 0) throw new Error(`money invariants do not hold:\n- ${broken.join('\n- ')}`);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

interface ChargeRow {
  request_id: string;
  byok: boolean;
  test: boolean;
  reason: string;
  price_revision: string | null;
  input_uncached: string;
  cache_read: string;
  cache_write_5m: string;
  cache_write_1h: string;
  output: string;
  requests: string;
  multiplier_numerator: number;
  multiplier_denominator: number;
  actual: string;
}

/** I4, recomputed here from buckets and price revision. */
async function checkCharges(client: PoolClient): Promise<string[]> {
  const prices = await client.query<PriceRow>('SELECT * FROM model_price');
  const sheets = new Map(prices.rows.map((row) => [row.revision, readSheet(row)]));
  const { rows } = await client.query<ChargeRow>('SELECT * FROM settlement');
  return rows
    .filter((row) => recompute(row, sheets) !== BigInt(row.actual))
    .map((row) => `I4 charge of ${row.request_id} is not what its buckets cost: ${row.actual}, not ${recompute(row, sheets)}`)
    .slice(0, 5);
}

function recompute(row: ChargeRow, sheets: ReadonlyMap<string, PriceSheet>): bigint {
  if (row.test || row.reason === 'no_output' || row.reason === 'rejected') return 0n;
  const buckets = {
    inputUncached: Number(row.input_uncached),
    cacheRead: Number(row.cache_read),
    cacheWrite5m: Number(row.cache_write_5m),
    cacheWrite1h: Number(row.cache_write_1h),
    output: Number(row.output),
    requests: Number(row.requests),
  };
  const multiplier = { numerator: row.multiplier_numerator, denominator: row.multiplier_denominator };
  if (row.byok) return byokChargeFor(buckets, multiplier);
  const sheet = row.price_revision === null ? undefined : sheets.get(row.price_revision);
  return sheet ? chargeFor(buckets, sheet, multiplier) : 0n;
}

async function checkLoss(client: PoolClient, limit: bigint | undefined): Promise<string[]> {
  if (limit === undefined) return [];
  const { rows } = await client.query<{ loss: string }>(
    `SELECT coalesce(-sum(amount), 0) AS loss FROM posting WHERE ledger_account = 'platform_loss'`,
  );
  const loss = BigInt(rows[0]?.loss ?? '0');
  return loss > limit ? [`I9 platform_loss is ${loss} nano-USD, more than ${limit}`] : [];
}
