/** Accounts, keys, prices and usage events for tests of the ledger: a real database, no stand-ins. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { newId } from '../../../control-plane/db/new-id.js';
import { creditPayment } from '../../../control-plane/modules/billing/credit-account.js';
import { inTransaction } from '../../../control-plane/modules/billing/transaction.js';
import { answerLeaseCall } from '../../../control-plane/workers/grant-leases.js';
import type { GrantAnswer } from '../../../shared/lease.js';
import { chargeFor, INTERACTIVE, NO_TOKENS, type PriceSheet } from '../../../shared/money.js';
import type { UsageEvent } from '../../../shared/usage-event.js';

export interface Customer {
  readonly accountId: string;
  readonly keyId: string;
}

export interface KeyLimits {
  readonly dailyNano?: bigint;
  readonly monthlyNano?: bigint;
  readonly totalNano?: bigint;
  readonly test?: boolean;
  /** The key that this one was rotated from. */
  readonly lineageId?: string;
}

export const MODEL = 'test-model';
/** $0.50 and $2.00 per million tokens, a fifth for cached input. */
const RATES = {
  inputUncached: 500_000n,
  cacheRead: 100_000n,
  cacheWrite5m: 625_000n,
  cacheWrite1h: 1_000_000n,
  output: 2_000_000n,
  requests: 0n,
};

export async function createPrice(pool: Pool): Promise<PriceSheet> {
  await pool.query(
    `INSERT INTO model (id, name, owned_by, released_at, context_tokens, max_output_tokens, capabilities, tier)
     VALUES ($1, $1, 'test', now(), 100000, 10000, '{}', 'standard') ON CONFLICT DO NOTHING`,
    [MODEL],
  );
  const { rows } = await pool.query<{ revision: string }>(
    `INSERT INTO model_price (model_id, effective_from, input_uncached, cache_read, cache_write_5m, cache_write_1h, output)
     VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6) RETURNING revision`,
    [MODEL, RATES.inputUncached, RATES.cacheRead, RATES.cacheWrite5m, RATES.cacheWrite1h, RATES.output],
  );
  return { revision: Number(rows[0]?.revision), rates: RATES, tiers: [] };
}

export async function createCustomer(pool: Pool, balance: bigint, limits: KeyLimits = {}): Promise<Customer> {
  const accountId = newId();
  await pool.query('INSERT INTO account (id, name) VALUES ($1, $2)', [accountId, 'Test']);
  const keyId = await createKey(pool, accountId, limits);
  if (balance > 0n)
    await inTransaction(pool, (client) =>
      creditPayment(client, { accountId, amount: balance, refType: 'payment', refId: newId(), reason: 'Top-up' }),
    );
  return { accountId, keyId };
}

export async function createKey(pool: Pool, accountId: string, limits: KeyLimits = {}): Promise<string> {
  const keyId = newId();
  await pool.query(
    `INSERT INTO api_key (id, account_id, name, hash, prefix, last4, test, daily_nano, monthly_nano, total_nano, lineage_id)
     VALUES ($1, $2, 'key', $3, 'sk-ama-', 'abcd', $4, $5, $6, $7, $8)`,
    [
      keyId,
      accountId,
      randomBytes(32),
      limits.test ?? false,
      limits.dailyNano ?? null,
      limits.monthlyNano ?? null,
      limits.totalNano ?? null,
      limits.lineageId ?? null,
    ],
  );
  return keyId;
}

export interface Node {
  readonly id: string;
  readonly epoch: number;
}

export function createNode(): Node {
  return { id: `node-${randomBytes(4).toString('hex')}`, epoch: 1 };
}

export async function grant(
  pool: Pool,
  node: Node,
  customer: Customer,
  estimate: bigint,
  leaseId: string = randomUUID(),
): Promise<GrantAnswer> {
  const request = { leaseId, ...customer, estimateNano: estimate.toString(), burnPerSecondNano: '0' };
  const answer = await answerLeaseCall(pool, { nodeId: node.id, epoch: node.epoch, grants: [request], renewals: [], releases: [] });
  const [first] = answer.grants;
  if (!first) throw new Error('no answer to a grant');
  return first;
}

/** The amount, or 0 when it was refused. */
export function amountOf(answer: GrantAnswer): bigint {
  return answer.granted ? BigInt(answer.amountNano) : 0n;
}

/** A completed request that used `output` tokens and nothing else, unless told otherwise. */
export function usageEvent(
  node: Node,
  sequence: number,
  customer: Customer,
  leaseId: string | null,
  price: PriceSheet,
  changes: Partial<UsageEvent> & { readonly output?: number } = {},
): UsageEvent {
  const { output, ...rest } = changes;
  const buckets = rest.buckets ?? { ...NO_TOKENS, output: output ?? 100 };
  const actual = chargeFor(buckets, price, rest.multiplier ?? INTERACTIVE).toString();
  return {
    requestId: newId(),
    nodeId: node.id,
    epoch: node.epoch,
    sequence,
    region: 'us',
    ...customer,
    leaseId,
    test: false,
    modelAsked: MODEL,
    model: MODEL,
    vendorId: 'sandbox',
    endpointId: 'sandbox/test-model',
    upstreamModel: MODEL,
    byok: false,
    route: 'test',
    tier: null,
    attempts: [],
    excluded: [],
    sessionId: null,
    buckets,
    reasoningTokens: 0,
    priceRevision: price.revision,
    multiplier: INTERACTIVE,
    actualNano: actual,
    chargeNano: actual,
    reason: 'completed',
    estimated: false,
    usageMismatch: false,
    streamed: false,
    status: 200,
    errorCode: null,
    finishReason: 'stop',
    startedAtMs: Date.now(),
    firstTokenMs: 10,
    totalMs: 20,
    batchItemId: null,
    ...rest,
  };
}

export function arrivalsOf(events: readonly UsageEvent[]): { nodeId: string; epoch: number; raw: unknown }[] {
  // As they arrive: through JSON.
  return events.map((event) => ({ nodeId: event.nodeId, epoch: event.epoch, raw: JSON.parse(JSON.stringify(event)) }));
}

export async function walletOf(pool: Pool, accountId: string): Promise<{ available: bigint; leased: bigint; debt: bigint }> {
  const { rows } = await pool.query<{ available: string; leased: string; debt: string }>('SELECT * FROM wallet WHERE account_id = $1', [
    accountId,
  ]);
  const [row] = rows;
  if (!row) throw new Error('no wallet');
  return { available: BigInt(row.available), leased: BigInt(row.leased), debt: BigInt(row.debt) };
}
