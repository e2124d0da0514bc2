import type { SettlementLine } from './ledger-chain.js';

/** A row of `settlement`, with `usage_date` as text (`SETTLEMENT_COLUMNS`). */
export interface SettlementRecord {
  request_id: string;
  key_id: string;
  lease_id: string | null;
  node_id: string;
  epoch: string;
  sequence: string;
  model: string;
  vendor_id: string;
  byok: boolean;
  test: boolean;
  input_uncached: string;
  cache_read: string;
  cache_write_5m: string;
  cache_write_1h: string;
  output: string;
  requests: string;
  reasoning: string;
  price_revision: string | null;
  multiplier_numerator: number;
  multiplier_denominator: number;
  actual: string;
  charge: string;
  loss: string;
  reason: string;
  estimated: boolean;
  usage_mismatch: boolean;
  balance_after: string;
  usage_date: string;
  batch_item_id: string | null;
}

/** `date` as text: the driver would make it midnight of the local time zone. */
export const SETTLEMENT_COLUMNS = `request_id, account_id, position, line, key_id, lease_id, node_id, epoch, sequence, model, vendor_id,
  byok, test, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, reasoning, price_revision,
  multiplier_numerator, multiplier_denominator, actual, charge, loss, reason, estimated, usage_mismatch, balance_after,
  to_char(usage_date, 'YYYY-MM-DD') AS usage_date, batch_item_id`;

/** The line as it was hashed when it was settled. */
export function readSettlement(row: SettlementRecord): SettlementLine {
  return {
    requestId: row.request_id,
    keyId: row.key_id,
    leaseId: row.lease_id,
    nodeId: row.node_id,
    epoch: Number(row.epoch),
    sequence: Number(row.sequence),
    model: row.model,
    vendorId: row.vendor_id,
    byok: row.byok,
    test: row.test,
    buckets: {
      inputUncached: Number(row.input_uncached),
      cacheRead: Number(row.cache_read),
      cacheWrite5m: Number(row.cache_write_5m),
      cacheWrite1h: Number(row.cache_write_1h),
      output: Number(row.output),
      requests: Number(row.requests),
    },
    reasoningTokens: Number(row.reasoning),
    priceRevision: row.price_revision === null ? null : Number(row.price_revision),
    multiplier: { numerator: row.multiplier_numerator, denominator: row.multiplier_denominator },
    actual: BigInt(row.actual),
    charge: BigInt(row.charge),
    loss: BigInt(row.loss),
    reason: row.reason,
    estimated: row.estimated,
    usageMismatch: row.usage_mismatch,
    balanceAfter: BigInt(row.balance_after),
    usageDate: row.usage_date,
    batchItemId: row.batch_item_id,
  };
}
