/** What waits in PostgreSQL, counted when it is asked for: webhooks to deliver, items of batches to run. */
import type { Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';

const QUEUES = [
  {
    name: 'modelapi_webhook_deliveries_waiting',
    help: 'Messages to webhooks that are not delivered yet and not given up.',
    sql: `SELECT count(*)::float AS waiting FROM webhook_delivery WHERE status = 'pending'`,
  },
  {
    name: 'modelapi_webhook_deliveries_late',
    help: 'Of these, due for more than a minute: nobody sends them.',
    sql: `SELECT count(*)::float AS waiting FROM webhook_delivery WHERE status = 'pending' AND next_at < now() - interval '1 minute'`,
  },
  {
    name: 'modelapi_batch_items_waiting',
    help: 'Items of open batches that have no answer yet.',
    sql: `SELECT coalesce(sum(total - completed - failed), 0)::float AS waiting FROM batch WHERE finished_at IS NULL`,
  },
  {
    name: 'modelapi_batches_open',
    help: 'Batches that have not ended.',
    sql: 'SELECT count(*)::float AS waiting FROM batch WHERE finished_at IS NULL',
  },
] as const;

/** A gauge that cannot be counted, because PostgreSQL is away, is not shown; the others are. */
export function registerQueueGauges(registry: Registry, pool: Pool): void {
  for (const { name, help, sql } of QUEUES)
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        try {
          const { rows } = await pool.query<{ waiting: number }>(sql);
          this.set(rows[0]?.waiting ?? 0);
        } catch {
          this.remove();
        }
      },
    });
}
