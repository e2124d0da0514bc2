/**
 * UUID v7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits. One id names a request everywhere: `x-request-id`, generation,
 * usage event, ledger. Random bytes are drawn 4 KB at a time, because one system call an id costs more than all the rest of it.
 */
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const RANDOM_BYTES = 10;
const pool = Buffer.alloc(POOL_BYTES);
let next = POOL_BYTES;
let prefixMs = -1;
let prefix = '';

export function newRequestId(nowMs: number): string {
  if (nowMs !== prefixMs) {
    const time = nowMs.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    prefixMs = nowMs;
  }
  if (next + RANDOM_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    next = 0;
  }
  pool[next + 2] = ((pool[next + 2] ?? 0) & 0x3f) | 0x80;
  const random = pool.toString('hex', next, next + RANDOM_BYTES);
  next += RANDOM_BYTES;
  return `${prefix}${random.slice(1, 4)}-${random.slice(4, 8)}-${random.slice(8)}`;
}
