-- Money. The ledger is the only truth; wallets and leases are its running totals, moved in the same transaction.
-- A grant moves `available` to `leased` and needs no journal: only money that enters, leaves or is spent is posted.

CREATE TABLE wallet (
  account_id uuid PRIMARY KEY REFERENCES account (id),
  available  bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
  leased     bigint NOT NULL DEFAULT 0 CHECK (leased >= 0),
  debt       bigint NOT NULL DEFAULT 0 CHECK (debt >= 0),
  -- Head of this account's hash chain. A chain per account, not one for all: its head stands in the row that every movement of
  -- money locks anyway, so the chain costs ingestion no lock of its own, and one account's export verifies alone. That no whole
  -- account vanished is shown by the trial balance and by the daily seal over all heads.
  position   bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
  head       bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(head) = 32)
) WITH (fillfactor = 70);

CREATE FUNCTION open_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO wallet (account_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER account_opens_wallet AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION open_wallet();
INSERT INTO wallet (account_id) SELECT id FROM account;

CREATE TABLE lease (
  id            uuid PRIMARY KEY,
  account_id    uuid NOT NULL REFERENCES wallet (account_id),
  key_id        uuid NOT NULL,
  node_id       text NOT NULL,
  node_epoch    bigint NOT NULL,
  granted       bigint NOT NULL CHECK (granted > 0),
  consumed      bigint NOT NULL DEFAULT 0 CHECK (consumed >= 0 AND consumed <= granted),
  strict        boolean NOT NULL,
  -- Of the settlements that name this lease: what a release must match, count and sum.
  settled_count bigint NOT NULL DEFAULT 0 CHECK (settled_count >= 0),
  settled_sum   bigint NOT NULL DEFAULT 0 CHECK (settled_sum >= 0),
  state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'released', 'expired')),
  granted_at    timestamptz NOT NULL DEFAULT now(),
  -- Renewed by heartbeat; suspect after it; refunded fourteen minutes later.
  expires_at    timestamptz NOT NULL,
  closed_at     timestamptz,
  CHECK ((state = 'open') = (closed_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX lease_open_by_account ON lease (account_id) WHERE state = 'open';
CREATE INDEX lease_open_by_key ON lease (key_id) WHERE state = 'open';
CREATE INDEX lease_open_by_expiry ON lease (expires_at) WHERE state = 'open';
CREATE INDEX lease_closed ON lease (closed_at) WHERE state <> 'open';

-- One row: when the expiry job last looked. Time in which nobody could renew is added to every open lease before any expires.
CREATE TABLE lease_watch (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  looked_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO lease_watch DEFAULT VALUES;

-- Partitioned by request id itself. A unique constraint of a partitioned table must contain the partition key, and a UUID version 7
-- begins with its time, so a range of ids IS a day: the primary key stays (request_id), unique over all partitions, with no day column,
-- no second table to look duplicates up in, and a lookup by id reads one partition. An id of no sensible time lands in the default
-- partition, under the same rule.
-- (node, epoch, sequence) is unique by `node_cursor` and `usage_ahead`: a sequence at or below the cursor, or ahead of it and
-- listed, was taken; the cursor row is locked while a batch settles.
CREATE TABLE settlement (
  request_id             uuid PRIMARY KEY,
  account_id             uuid NOT NULL,
  -- The journal that posts it, and its place there.
  position               bigint NOT NULL,
  line                   integer NOT NULL CHECK (line >= 0),
  key_id                 uuid NOT NULL,
  lease_id               uuid,
  node_id                text NOT NULL,
  epoch                  bigint NOT NULL,
  sequence               bigint NOT NULL CHECK (sequence > 0),
  model                  text NOT NULL,
  vendor_id              text NOT NULL,
  byok                   boolean NOT NULL,
  test                   boolean NOT NULL,
  input_uncached         bigint NOT NULL CHECK (input_uncached >= 0),
  cache_read             bigint NOT NULL CHECK (cache_read >= 0),
  cache_write_5m         bigint NOT NULL CHECK (cache_write_5m >= 0),
  cache_write_1h         bigint NOT NULL CHECK (cache_write_1h >= 0),
  output                 bigint NOT NULL CHECK (output >= 0),
  requests               bigint NOT NULL CHECK (requests >= 0),
  reasoning              bigint NOT NULL CHECK (reasoning >= 0),
  price_revision         bigint,
  multiplier_numerator   smallint NOT NULL,
  multiplier_denominator smallint NOT NULL CHECK (multiplier_denominator > 0),
  actual                 bigint NOT NULL,
  charge                 bigint NOT NULL CHECK (charge >= 0),
  loss                   bigint NOT NULL CHECK (loss >= 0),
  reason                 text NOT NULL,
  estimated              boolean NOT NULL,
  usage_mismatch         boolean NOT NULL,
  -- Of the wallet (available + leased) after this line.
  balance_after          bigint NOT NULL CHECK (balance_after >= 0),
  -- The day that usage reports count it on: the node's clock, bounded by PostgreSQL's.
  usage_date             date NOT NULL,
  batch_item_id          text,
  CHECK (actual = charge + loss),
  CHECK (NOT test OR actual = 0)
) PARTITION BY RANGE (request_id);
CREATE INDEX settlement_by_line ON settlement (account_id, position, line);

-- What `GET /v1/generations/:id` tells beside the money: attempts, exclusions, times. Kept 30 days; the settlement is kept for ever.
CREATE TABLE generation (
  request_id uuid PRIMARY KEY,
  account_id uuid NOT NULL,
  detail     json NOT NULL
) PARTITION BY RANGE (request_id);

CREATE TABLE settlement_default PARTITION OF settlement DEFAULT;
CREATE TABLE generation_default PARTITION OF generation DEFAULT;

-- The first UUID version 7 of a day, UTC.
CREATE FUNCTION first_uuid_of(day date) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN rpad(lpad(to_hex((day - DATE '1970-01-01')::bigint * 86400000), 12, '0'), 32, '0')::uuid;

CREATE FUNCTION ensure_money_partitions(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  wanted date;
BEGIN
  FOREACH parent IN ARRAY ARRAY['settlement', 'generation'] LOOP
    FOR wanted IN SELECT generate_series(first, last, interval '1 day')::date LOOP
      IF to_regclass(format('%I', parent || '_' || to_char(wanted, 'YYYYMMDD'))) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
          parent || '_' || to_char(wanted, 'YYYYMMDD'), parent, first_uuid_of(wanted), first_uuid_of(wanted + 1));
      END IF;
    END LOOP;
  END LOOP;
END $$;
SELECT ensure_money_partitions((now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + 3);

-- A batch item is charged at most once, however often it was tried.
CREATE TABLE batch_item_charge (
  batch_item_id text PRIMARY KEY,
  request_id    uuid NOT NULL
);

CREATE TABLE journal (
  account_id    uuid NOT NULL REFERENCES wallet (account_id),
  position      bigint NOT NULL CHECK (position > 0),
  kind          text NOT NULL CHECK (kind IN ('usage', 'top_up', 'refund', 'dispute', 'dispute_won', 'adjustment', 'bonus')),
  ref_type      text NOT NULL,
  ref_id        text NOT NULL,
  reason        text NOT NULL,
  -- available + leased, and debt, once this journal is posted.
  balance_after bigint NOT NULL CHECK (balance_after >= 0),
  debt_after    bigint NOT NULL CHECK (debt_after >= 0),
  -- SHA-256 (hex) of the settlement lines that this journal posts; empty for other kinds.
  settlements   text NOT NULL,
  created_at    timestamptz NOT NULL,
  prev_hash     bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
  hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (account_id, position),
  UNIQUE (kind, ref_type, ref_id)
);
CREATE INDEX journal_by_time ON journal USING brin (created_at);

-- Signed nano-USD. `customer` is what we owe the account: its sum is available + leased. `debt` is what the account owes us, negative.
CREATE TABLE posting (
  account_id     uuid NOT NULL,
  position       bigint NOT NULL,
  ledger_account text NOT NULL CHECK (ledger_account IN
    ('customer', 'debt', 'revenue', 'byok_fees', 'platform_loss', 'payments_clearing', 'adjustments', 'promotions')),
  amount         bigint NOT NULL CHECK (amount <> 0),
  PRIMARY KEY (account_id, position, ledger_account)
);
CREATE INDEX posting_of_house ON posting (ledger_account) WHERE ledger_account = 'platform_loss';

-- Every INSERT must bring journals whose postings sum to 0 in themselves. Stricter than a deferred constraint trigger (which would
-- also let a journal be unbalanced within a transaction) and, being one set-based check a statement, free at 500 journals a batch.
CREATE FUNCTION check_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT account_id, position, sum(amount) AS total INTO wrong
    FROM added GROUP BY account_id, position HAVING sum(amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'postings of journal %/% sum to %', wrong.account_id, wrong.position, wrong.total USING ERRCODE = 'check_violation';
  END IF;
  SELECT added.account_id, added.position INTO wrong FROM added
    LEFT JOIN journal ON journal.account_id = added.account_id AND journal.position = added.position
    WHERE journal.position IS NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'posting without its journal %/%', wrong.account_id, wrong.position USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER postings_balance AFTER INSERT ON posting
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_postings();

-- What was written to the ledger stays.
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_append_only BEFORE UPDATE OR DELETE ON settlement FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Every sequence up to `acknowledged` is settled or quarantined; moved in the transaction that settles.
CREATE TABLE node_cursor (
  node_id      text NOT NULL,
  epoch        bigint NOT NULL,
  acknowledged bigint NOT NULL DEFAULT 0 CHECK (acknowledged >= 0),
  seen_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (node_id, epoch)
) WITH (fillfactor = 70);

-- Sequences taken above a hole; absorbed by the cursor when the hole fills. Empty when all is well.
CREATE TABLE usage_ahead (
  node_id  text NOT NULL,
  epoch    bigint NOT NULL,
  sequence bigint NOT NULL,
  PRIMARY KEY (node_id, epoch, sequence)
);

-- A key belongs to one account, so `account_id` is not part of the key. Read by usage reports and by key budgets.
CREATE TABLE usage_rollup (
  key_id         uuid NOT NULL,
  day            date NOT NULL,
  model          text NOT NULL,
  vendor_id      text NOT NULL,
  byok           boolean NOT NULL,
  account_id     uuid NOT NULL,
  requests       bigint NOT NULL,
  errors         bigint NOT NULL,
  input_uncached bigint NOT NULL,
  cache_read     bigint NOT NULL,
  cache_write    bigint NOT NULL,
  output         bigint NOT NULL,
  reasoning      bigint NOT NULL,
  charge         bigint NOT NULL CHECK (charge >= 0),
  loss           bigint NOT NULL CHECK (loss >= 0),
  PRIMARY KEY (key_id, day, model, vendor_id, byok)
) WITH (fillfactor = 70);
CREATE INDEX usage_rollup_by_account ON usage_rollup (account_id, day);

-- Events that were refused: kept whole, with the reason, until the operator has looked.
CREATE TABLE quarantine (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node_id     text,
  epoch       bigint,
  sequence    bigint,
  request_id  text,
  reason      text NOT NULL,
  detail      text NOT NULL,
  event       text NOT NULL,
  -- SHA-256 of `event`: the same event delivered again is not kept again.
  fingerprint bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  resolution  text,
  UNIQUE (fingerprint, reason)
);

-- Raised once while open; raised again counts up.
CREATE TABLE alert (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL,
  subject     text NOT NULL,
  detail      text NOT NULL,
  account_id  uuid,
  raised      bigint NOT NULL DEFAULT 1,
  first_at    timestamptz NOT NULL DEFAULT now(),
  last_at     timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz
);
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE resolved_at IS NULL;

-- Once a day: SHA-256 over every account's head, so that no chain can be cut short or dropped unnoticed.
CREATE TABLE ledger_seal (
  day        date PRIMARY KEY,
  accounts   bigint NOT NULL,
  hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now()
);
