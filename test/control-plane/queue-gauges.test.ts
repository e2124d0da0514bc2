/** Operators see what waits. */
import pg from 'pg';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { registerQueueGauges } from '../../control-plane/http/queue-gauges.js';
import { createDatabase } from '../support/database.js';

test('metrics count the items of open batches and the webhooks that are not delivered', async () => {
  const { pool } = await createDatabase();
  await pool.query("INSERT INTO account (id, name) VALUES ('018f0000-0000-7000-8000-000000000001', 'Theirs')");
  await pool.query(
    `INSERT INTO batch (id, account_id, api_key_id, key_hash, tier, status, request_hash, total, completed, failed, ceiling, data_key, finished_at,
       expires_at, delete_after)
     SELECT gen_random_uuid(), account.id, account.id, decode(repeat('00', 32), 'hex'), 'batch_50', state.status, '', 10, 3, 1, 0, '', state.ended,
       now() + interval '1 day', now() + interval '30 days'
     FROM account, (VALUES ('in_progress', NULL::timestamptz), ('completed', now())) AS state (status, ended)`,
  );
  await pool.query(
    `INSERT INTO webhook_delivery (id, account_id, callback_url, event_type, payload, status, next_at)
     SELECT gen_random_uuid(), account.id, 'https://example.com', 'batch.completed', '{}', state.status, now() - state.late
     FROM account, (VALUES ('pending', interval '0'), ('pending', interval '5 minutes'), ('delivered', interval '1 hour')) AS state (status, late)`,
  );
  const registry = new Registry();
  registerQueueGauges(registry, pool);
  const metrics = await registry.metrics();
  expect(metrics).toMatch(/^modelapi_batch_items_waiting 6$/m);
  expect(metrics).toMatch(/^modelapi_batches_open 1$/m);
  expect(metrics).toMatch(/^modelapi_webhook_deliveries_waiting 2$/m);
  expect(metrics).toMatch(/^modelapi_webhook_deliveries_late 1$/m);
});

test('metrics are shown without them when PostgreSQL is away', async () => {
  const pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/away' });
  const registry = new Registry();
  registerQueueGauges(registry, pool);
  expect(await registry.metrics()).not.toMatch(/^modelapi_batch_items_waiting /m);
});
