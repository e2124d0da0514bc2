-- OpenAI's shape of batches: a file of requests is uploaded, a batch is made from it, its answers are read as files.

-- Encrypted in pieces under a data key of the file, so that neither writing nor reading holds more than a piece. Gone after 30 days.
CREATE TABLE stored_file (
  id              uuid PRIMARY KEY,
  account_id      uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  filename        text NOT NULL CHECK (length(filename) BETWEEN 1 AND 255),
  -- So far, while it arrives: what arrives counts against the account's room.
  bytes           bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
  content_hash    bytea,
  idempotency_key text,
  -- Wrapped by the KMS.
  data_key        text NOT NULL,
  -- False until the last byte: nobody sees it before.
  complete        boolean NOT NULL DEFAULT false,
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  CHECK (NOT complete OR content_hash IS NOT NULL)
);
CREATE INDEX stored_file_by_account ON stored_file (account_id, id DESC);
CREATE INDEX stored_file_by_expiry ON stored_file (expires_at);
CREATE UNIQUE INDEX stored_file_by_idempotency_key ON stored_file (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE stored_file_piece (
  file_id uuid NOT NULL REFERENCES stored_file (id) ON DELETE CASCADE,
  ordinal integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (file_id, ordinal)
);
-- What is encrypted does not compress.
ALTER TABLE stored_file_piece ALTER COLUMN content SET STORAGE EXTERNAL;

-- A batch of a file is `validating` while its lines are checked, planned and taken in; nothing is held until all are.
ALTER TABLE batch
  DROP CONSTRAINT batch_status_check,
  DROP CONSTRAINT batch_total_check,
  DROP CONSTRAINT batch_check1,
  ADD CONSTRAINT batch_status_check
    CHECK (status IN ('validating', 'queued', 'in_progress', 'cancelling', 'cancelled', 'completed', 'expired', 'failed')),
  ADD CONSTRAINT batch_total_check CHECK (total BETWEEN 0 AND 50000),
  ADD CONSTRAINT batch_end_check CHECK ((finished_at IS NULL) = (status IN ('validating', 'queued', 'in_progress', 'cancelling'))),
  ADD COLUMN input_file_id  uuid,
  -- Files that are not stored: their lines are made from the items when they are read. Null once deleted.
  ADD COLUMN output_file_id uuid,
  ADD COLUMN error_file_id  uuid,
  -- Known when the batch has ended.
  ADD COLUMN output_bytes   bigint,
  ADD COLUMN error_bytes    bigint,
  -- Of the run that takes the lines in now: one that was overtaken can write nothing.
  ADD COLUMN intake         uuid,
  -- Why the file was refused: [{code, line, message, param}].
  ADD COLUMN errors         jsonb;
CREATE UNIQUE INDEX batch_by_output_file ON batch (output_file_id) WHERE output_file_id IS NOT NULL;
CREATE UNIQUE INDEX batch_by_error_file ON batch (error_file_id) WHERE error_file_id IS NOT NULL;

-- What the same tokens cost interactively: half price is rounded down, so a saving is not always the charge again.
ALTER TABLE batch_item_charge ADD COLUMN interactive bigint CHECK (interactive >= 0);
