import type { Pool } from 'pg';
import { plainArray } from '../modules/billing/column-arrays.js';
import { type PriceRow, readSheet } from '../modules/billing/price-sheet.js';
import type { Facts, PriceRecord } from './ingest-usage-check.js';

/** Owner and kind of a key never change, and neither does a price revision: both are remembered. 100 bytes each. */
const MAX_KEYS = 200_000;

/** Facts that never change, read once and kept. What is unknown is asked again each time: it may have been created since. */
export class UsageFacts implements Facts {
  readonly #keys = new Map<string, { accountId: string; test: boolean }>();
  readonly #prices = new Map<number, PriceRecord>();

  constructor(private readonly pool: Pool) {}

  key(id: string): { accountId: string; test: boolean } | undefined {
    return this.#keys.get(id);
  }

  price(revision: number): PriceRecord | undefined {
    return this.#prices.get(revision);
  }

  /** Before a batch is checked. Throws when PostgreSQL is away. */
  async load(keyIds: ReadonlySet<string>, revisions: ReadonlySet<number>): Promise<void> {
    const keys = [...keyIds].filter((id) => !this.#keys.has(id));
    const prices = [...revisions].filter((revision) => !this.#prices.has(revision));
    await Promise.all([keys.length > 0 && this.#loadKeys(keys), prices.length > 0 && this.#loadPrices(prices)]);
  }

  async #loadKeys(ids: readonly string[]): Promise<void> {
    if (this.#keys.size > MAX_KEYS) this.#keys.clear();
    const { rows } = await this.pool.query<{ id: string; account_id: string; test: boolean }>(
      'SELECT id, account_id, test FROM api_key WHERE id = ANY ($1::uuid[])',
      [plainArray(ids)],
    );
    for (const row of rows) this.#keys.set(row.id, { accountId: row.account_id, test: row.test });
  }

  async #loadPrices(revisions: readonly number[]): Promise<void> {
    const { rows } = await this.pool.query<PriceRow>('SELECT * FROM model_price WHERE revision = ANY ($1::bigint[])', [
      plainArray(revisions),
    ]);
    for (const row of rows) this.#prices.set(Number(row.revision), { modelId: row.model_id, sheet: readSheet(row) });
  }
}
