/** The statements of `seed-large.ts`, in order. They read `seed_size` and `seed_route`; ids are UUID v7 of the time that they stand for. */

/** A UUID v7 of a moment, the rest from a text: the same text gives the same id. */
const UUID = `CREATE FUNCTION pg_temp.uuid_of(moment timestamptz, seed text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || substr(md5(seed), 1, 3) || '8' || substr(md5(seed), 4, 15))::uuid
$$`;

const ACCOUNTS = `
  CREATE TEMPORARY TABLE seed_account ON COMMIT DROP AS
    SELECT n, pg_temp.uuid_of(now() - interval '31 days' + n * interval '1 second', 'account ' || n) AS id,
      pg_temp.uuid_of(now() - interval '31 days' + n * interval '1 second', 'user ' || n) AS user_id
    FROM seed_size CROSS JOIN generate_series(0, accounts - 1) AS n;
  INSERT INTO account (id, name, created_at) SELECT id, 'Customer ' || n, now() - interval '31 days' FROM seed_account;
  INSERT INTO app_user (id, email, name) SELECT user_id, 'customer-' || n || '@large.test', 'Customer ' || n FROM seed_account;
  INSERT INTO membership (account_id, user_id, role) SELECT id, user_id, 'owner' FROM seed_account`;

const KEYS = `
  CREATE TEMPORARY TABLE seed_key ON COMMIT DROP AS
    SELECT i AS n, pg_temp.uuid_of(now() - interval '31 days' + i * interval '1 millisecond', 'key ' || i) AS id, seed_account.id AS account_id
    FROM seed_size CROSS JOIN generate_series(0, keys - 1) AS made (i) JOIN seed_account ON seed_account.n = i % 1000;
  INSERT INTO api_key (id, account_id, name, hash, prefix, last4, created_at)
    SELECT id, account_id, 'key ' || n, sha256(('large ' || n)::bytea), 'sk-ama-', right('000' || n, 4), now() - interval '31 days' FROM seed_key;
  CREATE INDEX ON seed_key (n);
  ANALYZE seed_key;
  ANALYZE seed_route`;

/** A fifth of the requests is of the first account; every day has as many as the others. Each eight of an account are one journal. */
const REQUESTS = `
  SELECT ensure_money_partitions((now() AT TIME ZONE 'UTC')::date - 31, (now() AT TIME ZONE 'UTC')::date + 3);
  CREATE TEMPORARY TABLE seed_request ON COMMIT DROP AS
    SELECT i AS n, at, pg_temp.uuid_of(at, 'request ' || i) AS id, seed_key.id AS key_id, seed_key.account_id, model, vendor,
      (i * 7919::bigint) % 3000 + 20 AS input, (i * 104729::bigint) % 900 + 10 AS output, ((i * 15485863::bigint) % 4000000 + 20000)::bigint AS charge,
      CASE WHEN i % 97 = 0 THEN 502 WHEN i % 61 = 0 THEN 429 ELSE 200 END AS status,
      CASE i % 12 WHEN 0 THEN 'frontier' WHEN 1 THEN 'standard' WHEN 2 THEN 'value' END AS tier,
      CASE WHEN i % 12 < 3 THEN (ARRAY['ama/smart-code', 'ama/smart-write', 'ama/smart-reason', 'ama/smart-analyze'])[i % 4 + 1] END AS asked_group
    FROM (SELECT i, now() - interval '30 days' + (interval '30 days' - interval '10 minutes') * (i::float8 / requests) AS at,
        CASE WHEN i % 5 = 0 THEN (i / 5) % 10 * 1000 ELSE (i * 7919::bigint % keys)::int END % keys AS key_n
      FROM seed_size CROSS JOIN generate_series(0, requests - 1) AS made (i)) AS timed
    JOIN seed_key ON seed_key.n = key_n
    JOIN seed_route ON seed_route.n = i % (SELECT count(*) FROM seed_route);
  CREATE TEMPORARY TABLE seed_line ON COMMIT DROP AS
    SELECT *, (rank - 1) / 8 + 2 AS position, ((rank - 1) % 8)::int AS line
    FROM (SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY id) AS rank,
        sum(charge) OVER (PARTITION BY account_id ORDER BY id) AS spent FROM seed_request) AS ranked;
  ANALYZE seed_line`;

const PURSE = '1000000000000000::bigint';

const SETTLEMENTS = `
  INSERT INTO settlement (request_id, account_id, position, line, key_id, lease_id, node_id, epoch, sequence, model, vendor_id, byok, test,
      input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, reasoning, price_revision, multiplier_numerator,
      multiplier_denominator, actual, charge, loss, reason, estimated, usage_mismatch, balance_after, usage_date)
    SELECT id, account_id, position, line, key_id, NULL, 'us-1', 1, n + 1, model, vendor, false, false, input, 0, 0, 0, output, 1, 0, NULL, 1, 1,
      charge, charge, 0, 'completed', false, false, ${PURSE} - spent, (at AT TIME ZONE 'UTC')::date
    FROM seed_line ORDER BY id`;

const GENERATIONS = `
  INSERT INTO generation (request_id, account_id, detail)
    SELECT id, account_id, json_build_object('region', 'us', 'modelAsked', coalesce(asked_group, model), 'endpointId', model || '@' || vendor,
      'upstreamModel', model, 'route', CASE WHEN tier IS NULL THEN 'model: price and health' ELSE asked_group || ': ' || tier || ' (complexity 0.42)' END,
      'tier', tier, 'attempts', json_build_array(json_build_object('vendorId', vendor, 'model', model, 'credential', 'house', 'outcome', 'ok',
        'status', status, 'firstTokenMs', 300 + n % 500, 'durationMs', 900 + n % 4000)),
      'excluded', '[]'::json, 'sessionId', NULL, 'streamed', n % 2 = 0, 'status', status, 'errorCode', NULL, 'finishReason', 'stop',
      'startedAtMs', (extract(epoch FROM at) * 1000)::bigint, 'firstTokenMs', 300 + n % 500, 'totalMs', 900 + n % 4000)
    FROM seed_line ORDER BY id`;

const JOURNALS = `
  INSERT INTO journal (account_id, position, kind, ref_type, ref_id, reason, balance_after, debt_after, settlements, created_at, prev_hash, hash)
    SELECT id, 1, 'top_up', 'payment', 'seed ' || n, 'Top-up', ${PURSE}, 0, '', now() - interval '31 days', sha256('0'), sha256((n || ' 1')::bytea)
    FROM seed_account;
  INSERT INTO journal (account_id, position, kind, ref_type, ref_id, reason, balance_after, debt_after, settlements, created_at, prev_hash, hash)
    SELECT account_id, position, 'usage', 'journal', account_id || ' ' || position, '', ${PURSE} - max(spent), 0, md5(max(n)::text), max(at),
      sha256('0'), sha256((account_id || ' ' || position)::bytea)
    FROM seed_line GROUP BY account_id, position ORDER BY max(at);
  INSERT INTO posting (account_id, position, ledger_account, amount)
    SELECT id, 1, account, CASE account WHEN 'customer' THEN ${PURSE} ELSE -${PURSE} END
    FROM seed_account, unnest(ARRAY['customer', 'payments_clearing']) AS account;
  INSERT INTO posting (account_id, position, ledger_account, amount)
    SELECT account_id, position, account, CASE account WHEN 'customer' THEN -spent ELSE spent END
    FROM (SELECT account_id, position, sum(charge)::bigint AS spent FROM seed_line GROUP BY 1, 2) AS charged, unnest(ARRAY['customer', 'revenue']) AS account`;

const WALLETS = `
  UPDATE wallet SET available = ${PURSE}, position = 1, head = hash FROM journal
    WHERE journal.account_id = wallet.account_id AND journal.position = 1 AND ref_id LIKE 'seed %';
  UPDATE wallet SET available = journal.balance_after, position = journal.position, head = journal.hash
    FROM journal JOIN (SELECT account_id, max(position) AS position FROM seed_line GROUP BY 1) AS last USING (account_id, position)
    WHERE wallet.account_id = journal.account_id`;

const SUMS = `
  INSERT INTO usage_rollup (key_id, day, model, vendor_id, byok, account_id, requests, errors, input_uncached, cache_read, cache_write, output, reasoning, charge, loss)
    SELECT key_id, (at AT TIME ZONE 'UTC')::date, model, vendor, false, account_id, count(*), count(*) FILTER (WHERE status >= 400), sum(input), 0, 0,
      sum(output), 0, sum(charge), 0 FROM seed_line GROUP BY 1, 2, 3, 4, 6;
  INSERT INTO house_rollup (day, model, vendor_id, byok, asked_group, tier, shard, requests, errors, input_uncached, cache_read, cache_write, output, charge, loss)
    SELECT (at AT TIME ZONE 'UTC')::date, model, vendor, false, coalesce(asked_group, ''), coalesce(tier, ''), n % 4, count(*),
      count(*) FILTER (WHERE status >= 400), sum(input), 0, 0, sum(output), sum(charge), 0 FROM seed_line GROUP BY 1, 2, 3, 5, 6, 7;
  UPDATE api_key SET last_used_at = now() - interval '1 hour' FROM seed_key WHERE seed_key.id = api_key.id`;

const AROUND = `
  INSERT INTO top_up (id, account_id, method, amount, status, credited, created_at, paid_at)
    SELECT pg_temp.uuid_of(now() - i * interval '2 minutes', 'top up ' || i), seed_account.id, (ARRAY['card', 'wechat_pay', 'alipay'])[i % 3 + 1],
      25000000000, CASE WHEN i % 10 = 0 THEN 'expired' ELSE 'paid' END, CASE WHEN i % 10 = 0 THEN 0 ELSE 25000000000 END,
      now() - i * interval '2 minutes', CASE WHEN i % 10 = 0 THEN NULL ELSE now() - i * interval '2 minutes' END
    FROM seed_size CROSS JOIN generate_series(1, requests / 50) AS made (i) JOIN seed_account ON seed_account.n = i % 1000;
  INSERT INTO batch (id, account_id, api_key_id, key_hash, tier, status, request_hash, total, completed, failed, ceiling, data_key, created_at,
      started_at, finished_at, expires_at, delete_after, charge, interactive)
    SELECT pg_temp.uuid_of(now() - i * interval '5 minutes', 'batch ' || i), seed_key.account_id, seed_key.id, sha256('key'), 'batch_50', 'completed',
      sha256('request'), 1000, 990, 10, 1000000000, 'none', now() - i * interval '5 minutes', now() - i * interval '5 minutes',
      now() - i * interval '5 minutes', now() + interval '1 day', now() + interval '30 days', 123456789, 246913578
    FROM seed_size CROSS JOIN generate_series(1, requests / 200) AS made (i) JOIN seed_key ON seed_key.n = i * 10 % keys;
  INSERT INTO alert (kind, subject, detail, account_id, resolved_at)
    SELECT 'late_settlement', 'request ' || i, 'settled after its lease expired', seed_account.id, CASE WHEN i % 20 = 0 THEN NULL ELSE now() END
    FROM seed_size CROSS JOIN generate_series(1, requests / 100) AS made (i) JOIN seed_account ON seed_account.n = i % 1000;
  INSERT INTO quarantine (node_id, epoch, sequence, reason, detail, event, fingerprint, resolved_at)
    SELECT 'us-1', 1, i, 'unknown_key', 'no such key', '{}', sha256(('event ' || i)::bytea), CASE WHEN i % 20 = 0 THEN NULL ELSE now() END
    FROM seed_size CROSS JOIN generate_series(1, requests / 500) AS made (i);
  INSERT INTO audit_log (id, account_id, actor_user_id, action, subject_type, subject_id, detail)
    SELECT pg_temp.uuid_of(now() - (requests / 50 - i) * interval '1 minute', 'audit ' || i), seed_account.id, user_id, 'key.create', 'api_key', 'key ' || i, '{"name": "a key"}'
    FROM seed_size CROSS JOIN generate_series(1, requests / 50) AS made (i) JOIN seed_account ON seed_account.n = i % 1000;
  INSERT INTO webhook_endpoint (id, account_id, url, event_types)
    SELECT pg_temp.uuid_of(now() - interval '20 days', 'endpoint ' || seed_account.n), id, 'https://example.com/hook', '{}' FROM seed_account;
  INSERT INTO webhook_delivery (id, account_id, endpoint_id, event_type, payload, status, attempts, created_at)
    SELECT pg_temp.uuid_of(now() - i * interval '1 minute', 'delivery ' || i), seed_account.id, pg_temp.uuid_of(now() - interval '20 days', 'endpoint ' || seed_account.n),
      'batch.completed', '{"type": "batch.completed"}', 'delivered', 1, now() - i * interval '1 minute'
    FROM seed_size CROSS JOIN generate_series(1, requests / 50) AS made (i) JOIN seed_account ON seed_account.n = CASE WHEN i % 5 = 0 THEN 0 ELSE i % 1000 END`;

export const LARGE_SEED_STEPS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: 'a function', sql: UUID },
  { name: 'accounts', sql: ACCOUNTS },
  { name: 'keys', sql: KEYS },
  { name: 'requests, planned', sql: REQUESTS },
  { name: 'settlements', sql: SETTLEMENTS },
  { name: 'details of requests', sql: GENERATIONS },
  { name: 'journals and postings', sql: JOURNALS },
  { name: 'wallets', sql: WALLETS },
  { name: 'sums', sql: SUMS },
  { name: 'payments, batches, alerts, audit, webhooks', sql: AROUND },
];
