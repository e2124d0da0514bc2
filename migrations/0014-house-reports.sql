-- What an operator asks of everything at once. Both tables are sums of what the ledger holds, small whatever the traffic.

-- By day, model and vendor, whoever the customer was; `asked_group` and `tier` say what a smart group chose ('' for other requests).
-- Written in the transaction that settles. Four rows stand for one, so that settlements that run side by side rarely meet at one row.
CREATE TABLE house_rollup (
  day            date NOT NULL,
  model          text NOT NULL,
  vendor_id      text NOT NULL,
  byok           boolean NOT NULL,
  asked_group    text NOT NULL,
  tier           text NOT NULL CHECK (tier IN ('', 'frontier', 'standard', 'value')),
  shard          smallint NOT NULL,
  requests       bigint NOT NULL,
  errors         bigint NOT NULL,
  input_uncached bigint NOT NULL,
  cache_read     bigint NOT NULL,
  cache_write    bigint NOT NULL,
  output         bigint NOT NULL,
  charge         bigint NOT NULL CHECK (charge >= 0),
  loss           bigint NOT NULL CHECK (loss >= 0),
  PRIMARY KEY (day, model, vendor_id, byok, asked_group, tier, shard)
) WITH (fillfactor = 70);
INSERT INTO house_rollup
  SELECT day, model, vendor_id, byok, '', '', 0, sum(requests), sum(errors), sum(input_uncached), sum(cache_read), sum(cache_write),
    sum(output), sum(charge), sum(loss)
  FROM usage_rollup GROUP BY day, model, vendor_id, byok;

-- Sums of the postings of hours that have ended: nothing is added to them any more. The trial balance adds up these and the rest.
CREATE TABLE ledger_hour (
  hour           timestamptz NOT NULL,
  ledger_account text NOT NULL,
  amount         numeric NOT NULL,
  PRIMARY KEY (hour, ledger_account)
);

-- Lists of everything, by state.
CREATE INDEX top_up_by_status ON top_up (status, id DESC);
CREATE INDEX batch_unfinished ON batch (id DESC) WHERE finished_at IS NULL;
