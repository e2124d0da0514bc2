import type { Pool } from 'pg';
import { plainArray } from '../modules/billing/column-arrays.js';

/** What a customer sees as "last used" need not be finer. */
const EVERY_MS = 60_000;
const MAX_REMEMBERED = 200_000;

/** `api_key.last_used_at`, at most once a minute and key: outside the settling transaction, which must not wait for it. */
export class KeysSeen {
  readonly #recordedMs = new Map<string, number>();

  constructor(private readonly pool: Pool) {}

  async record(keyIds: readonly string[]): Promise<void> {
    const now = performance.now();
    const due = [...new Set(keyIds)].filter((id) => (this.#recordedMs.get(id) ?? -EVERY_MS) + EVERY_MS <= now);
    if (due.length === 0) return;
    if (this.#recordedMs.size > MAX_REMEMBERED) this.#recordedMs.clear();
    await this.pool.query(
      `WITH due AS (SELECT id FROM api_key WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE)
       UPDATE api_key SET last_used_at = now() FROM due WHERE api_key.id = due.id`,
      [plainArray(due)],
    );
    for (const id of due) this.#recordedMs.set(id, now);
  }
}
