/** OpenAI's shape of batches between the planes: files of requests, batches made from them, lines that a node plans. */
import type { BatchStatus } from './batch.js';

/** As OpenAI's. */
export const FILE_MAX_BYTES = 200 * 1024 * 1024;
export const FILE_KEPT_DAYS = 30;
export const FILE_BATCH_MAX_ITEMS = 50_000;
export const FILE_BATCH_ENDPOINT = '/v1/chat/completions';
export const FILE_BATCH_WINDOW = '24h';

/** OpenAI's file object. */
export interface FileView {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  readonly expires_at: number;
  readonly filename: string;
  readonly purpose: 'batch' | 'batch_output';
  readonly status: 'processed';
}

/** `POST /internal/files/:id/finish`: the upload was whole and its other fields are right. */
export interface FinishFileCall {
  readonly accountId: string;
  readonly idempotencyKey: string | null;
  readonly expiresAfterSeconds: number | null;
}

/** `POST /internal/file-batches` */
export interface CreateFileBatchCall {
  /** UUID v7, chosen by the node. */
  readonly batchId: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly inputFileId: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly idempotencyKey: string | null;
  /** SHA-256 of the body, hex. */
  readonly requestHash: string;
}

/** `POST /internal/plan-lines` on a node, under a batch ticket. */
export interface PlanLinesCall {
  readonly lines: readonly { readonly line: number; readonly text: string }[];
}

export interface PlannedLine {
  readonly customId: string;
  /** Nano-USD at the batch rate; 0 for a test key. */
  readonly ceilingNano: string;
}

export interface LineError {
  readonly code: string;
  /** From 1; null when it is not about a line. */
  readonly line: number | null;
  readonly message: string;
  readonly param: string | null;
}

/** Either every line is planned, in order, or `errors` says which are wrong. */
export interface PlanLinesAnswer {
  readonly planned: readonly PlannedLine[];
  readonly errors: readonly LineError[];
}

/** OpenAI's words for where a batch is. */
export type FileBatchStatus = 'validating' | 'failed' | 'in_progress' | 'finalizing' | 'completed' | 'expired' | 'cancelling' | 'cancelled';

/** OpenAI's batch object, and what it has cost. Times are Unix seconds. */
export interface FileBatchView {
  readonly id: string;
  readonly object: 'batch';
  readonly endpoint: typeof FILE_BATCH_ENDPOINT;
  readonly errors: { readonly object: 'list'; readonly data: readonly LineError[] } | null;
  readonly input_file_id: string;
  readonly completion_window: typeof FILE_BATCH_WINDOW;
  readonly status: FileBatchStatus;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly created_at: number;
  readonly in_progress_at: number | null;
  readonly expires_at: number;
  readonly finalizing_at: number | null;
  readonly completed_at: number | null;
  readonly failed_at: number | null;
  readonly expired_at: number | null;
  readonly cancelling_at: number | null;
  readonly cancelled_at: number | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly metadata: Readonly<Record<string, string>> | null;
  /** USD, decimal strings. */
  readonly cost_usd: string;
  readonly saved_usd: string;
}

export function fileBatchStatus(status: BatchStatus): FileBatchStatus {
  return status === 'queued' ? 'in_progress' : status;
}

const PUBLIC_PREFIX = 'file-';

export function publicFileId(id: string): string {
  return PUBLIC_PREFIX + id.replaceAll('-', '');
}

/** Undefined when it is no file id. */
export function readFileId(text: string): string | undefined {
  const match = /^file-([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(text);
  return match?.slice(1).join('-');
}
