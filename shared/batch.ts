/** Batches between the planes: what a node sends on for a customer, after it has validated and planned every item. */

export const BATCH_MAX_ITEMS = 1_000;
/** A batch runs this long at most; what is done by then is paid and kept. */
export const BATCH_EXPIRY_MS = 24 * 3_600_000;
export const BATCH_KEPT_DAYS = 30;

/** `validating`: made from a file whose lines are being checked. */
export type BatchStatus = 'validating' | 'queued' | 'in_progress' | 'cancelling' | 'cancelled' | 'completed' | 'expired' | 'failed';

/** `POST /internal/batches` */
export interface SubmitBatchCall {
  /** UUID v7, chosen by the node. */
  readonly batchId: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly test: boolean;
  readonly tier: 'batch_50';
  readonly callbackUrl: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly idempotencyKey: string | null;
  /** SHA-256 of the body, hex. */
  readonly requestHash: string;
  readonly items: readonly { readonly customId: string; readonly ceilingNano: string; readonly body: object }[];
}

/** As `GET /v1/batch/:id` shows it; without `results` in lists. */
export interface BatchView {
  readonly id: string;
  readonly object: 'batch';
  readonly status: BatchStatus;
  readonly tier: 'batch_50';
  readonly poll_url: string;
  readonly callback_url: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  /** USD, decimal strings: what it has cost, what the same calls cost interactively, and what may be spent at most. */
  readonly cost_usd: string;
  readonly saved_usd: string;
  readonly ceiling_usd: string;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly expires_at: number;
  /** So far; null until something is done. */
  readonly items_per_second: number | null;
  /** Unix seconds; null until something is known of the rate. */
  readonly expected_end_at: number | null;
  /** Absent of a batch of more than 1,000 items, made from a file: its answers are read as files. */
  readonly results?: readonly BatchResult[];
}

export interface BatchResult {
  readonly custom_id: string;
  readonly status_code: number;
  readonly response?: unknown;
  readonly error?: unknown;
  readonly usage?: unknown;
  readonly cost: string;
}

const PUBLIC_PREFIX = 'batch_';

export function publicBatchId(id: string): string {
  return PUBLIC_PREFIX + id.replaceAll('-', '');
}

/** Undefined when it is no batch id. */
export function readBatchId(text: string): string | undefined {
  const match = /^batch_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(text);
  return match?.slice(1).join('-');
}
