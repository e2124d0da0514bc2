-- Batches: up to 50,000 calls at half price. Items and answers are encrypted under a data key of the batch; rows go after 30 days.

CREATE TABLE batch (
  id              uuid PRIMARY KEY,
  account_id      uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  api_key_id      uuid NOT NULL,
  -- Of the key that submitted it: what tickets name.
  key_hash        bytea NOT NULL CHECK (octet_length(key_hash) = 32),
  tier            text NOT NULL CHECK (tier IN ('batch_50')),
  status          text NOT NULL CHECK (status IN ('queued', 'in_progress', 'cancelling', 'cancelled', 'completed', 'expired', 'failed')),
  callback_url    text,
  metadata        jsonb,
  idempotency_key text,
  request_hash    bytea NOT NULL,
  total           integer NOT NULL CHECK (total BETWEEN 1 AND 50000),
  completed       integer NOT NULL DEFAULT 0,
  failed          integer NOT NULL DEFAULT 0,
  -- Sum of the items' ceilings, nano-USD; 0 for a test key.
  ceiling         bigint NOT NULL CHECK (ceiling >= 0),
  -- Wrapped by the KMS.
  data_key        text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  started_at      timestamptz,
  cancelled_at    timestamptz,
  finished_at     timestamptz,
  expires_at      timestamptz NOT NULL,
  delete_after    timestamptz NOT NULL,
  CHECK (completed + failed <= total),
  CHECK ((finished_at IS NULL) = (status IN ('queued', 'in_progress', 'cancelling')))
);
CREATE UNIQUE INDEX batch_by_idempotency_key ON batch (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX batch_by_account ON batch (account_id, id DESC);
CREATE INDEX batch_open ON batch (expires_at) WHERE finished_at IS NULL;
CREATE INDEX batch_deletion ON batch (delete_after);

CREATE TABLE batch_item (
  batch_id      uuid NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
  ordinal       integer NOT NULL,
  -- The item's idempotency key and what its settlement names.
  item_id       uuid NOT NULL,
  custom_id     text NOT NULL CHECK (length(custom_id) BETWEEN 1 AND 512),
  status        text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled', 'expired')),
  ceiling       bigint NOT NULL CHECK (ceiling >= 0),
  -- True while its ceiling is part of the batch's hold.
  held          boolean NOT NULL,
  request       bytea NOT NULL,
  answer        bytea,
  status_code   integer,
  request_id    uuid,
  tries         integer NOT NULL DEFAULT 0,
  -- A running item whose worker stopped renewing is taken by another.
  claimed_until timestamptz,
  finished_at   timestamptz,
  PRIMARY KEY (batch_id, ordinal),
  UNIQUE (batch_id, custom_id)
) WITH (fillfactor = 80);
CREATE INDEX batch_item_open ON batch_item (batch_id) WHERE status IN ('queued', 'running');
