import type { Pool } from 'pg';

/** In one go: some tens of milliseconds at 1,000 items each. */
const AT_ONCE = 20;
/** A node keeps its spool for 24 hours: after this nothing of a batch can settle any more. */
const SETTLED_AFTER = "interval '26 hours'";

/**
 * Keeps the sums of batches that ended, as soon as every item that was sent has settled: an item is charged at most once, so nothing is
 * added to them any more. Items that were refused never settle; their batches wait until nothing can. In any order, so that those do not
 * hold up the others. Returns how many.
 */
export async function sumEndedBatches(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query(
    `UPDATE batch SET charge = summed.charge, interactive = summed.interactive FROM (
       SELECT ended.id, spent.* FROM (
         SELECT id, finished_at FROM batch WHERE charge IS NULL AND finished_at IS NOT NULL ORDER BY random() LIMIT ${AT_ONCE}
       ) AS ended CROSS JOIN LATERAL (
         SELECT coalesce(sum(settlement.charge), 0)::bigint AS charge,
           coalesce(sum(coalesce(batch_item_charge.interactive, settlement.charge * 2)), 0)::bigint AS interactive,
           count(*) FILTER (WHERE batch_item.request_id IS NOT NULL AND settlement.request_id IS NULL) AS open
         FROM batch_item
           LEFT JOIN batch_item_charge ON batch_item_charge.batch_item_id = batch_item.item_id::text
           LEFT JOIN settlement ON settlement.request_id = batch_item_charge.request_id
         WHERE batch_item.batch_id = ended.id
       ) AS spent WHERE spent.open = 0 OR ended.finished_at < now() - ${SETTLED_AFTER}
     ) AS summed WHERE batch.id = summed.id AND batch.charge IS NULL`,
  );
  return rowCount ?? 0;
}
