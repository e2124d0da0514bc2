-- Answers under an Idempotency-Key: one row per account and key, for 24 hours. The answer is encrypted; its data key is wrapped by the KMS.

CREATE TABLE idempotency_claim (
  account_id    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  key           text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  -- SHA-256 of the request: the same key with another body is refused.
  request_hash  bytea NOT NULL CHECK (octet_length(request_hash) = 32),
  request_id    uuid NOT NULL,
  node_id       text NOT NULL,
  -- A running claim stands while its node renews it; then the next request with the key takes it over.
  claimed_until timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  -- Null while the request runs.
  answer        bytea,
  answer_key    text,
  PRIMARY KEY (account_id, key),
  CHECK ((answer IS NULL) = (answer_key IS NULL))
);

CREATE INDEX idempotency_claim_expiry ON idempotency_claim (expires_at);
