-- A card that Stripe keeps for us, and charges of it by ourselves. Card data never comes here: an id, a brand and four digits.

CREATE TABLE payment_customer (
  account_id  uuid PRIMARY KEY REFERENCES account (id),
  customer_id text NOT NULL UNIQUE
);

-- A page on which a card is saved.
CREATE TABLE card_setup (
  id         uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES account (id),
  created_by uuid NOT NULL REFERENCES app_user (id),
  session_id text UNIQUE,
  url        text,
  status     text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'saved', 'expired')),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX card_setup_pending ON card_setup (created_at) WHERE status = 'pending' AND session_id IS NOT NULL;

CREATE TABLE saved_card (
  account_id     uuid PRIMARY KEY REFERENCES payment_customer (account_id),
  payment_method text NOT NULL UNIQUE,
  brand          text NOT NULL,
  last4          text NOT NULL,
  exp_month      integer NOT NULL,
  exp_year       integer NOT NULL,
  saved_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auto_top_up (
  account_id      uuid PRIMARY KEY REFERENCES wallet (account_id),
  enabled         boolean NOT NULL,
  threshold       bigint NOT NULL CHECK (threshold > 0),
  amount          bigint NOT NULL CHECK (amount >= threshold),
  monthly_cap     bigint NOT NULL CHECK (monthly_cap >= amount),
  -- Declines in a row.
  failures        integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- After a decline, not before.
  retry_at        timestamptz,
  -- Why we turned it off; null while it is on, or when the customer turned it off.
  disabled_reason text,
  -- When the month's cap was found to be reached: people are told once a month.
  capped_at       timestamptz,
  -- Of which finding people were told.
  cap_told_at     timestamptz,
  CHECK (disabled_reason IS NULL OR NOT enabled)
);

ALTER TABLE top_up
  ADD COLUMN automatic      boolean NOT NULL DEFAULT false,
  -- Of an automatic one: what is charged. Kept here, so that every attempt asks for the same under the same idempotency key.
  ADD COLUMN customer_id    text,
  ADD COLUMN payment_method text,
  -- When somebody last took it up: of several control planes one works on it.
  ADD COLUMN attempted_at   timestamptz,
  -- What the bank said.
  ADD COLUMN failure        text,
  -- When people were told of the failure.
  ADD COLUMN told_at        timestamptz;
-- One charge at a time, whatever the control planes do.
CREATE UNIQUE INDEX top_up_one_automatic ON top_up (account_id) WHERE automatic AND status = 'pending';
CREATE INDEX top_up_automatic_pending ON top_up (created_at) WHERE automatic AND status = 'pending';
CREATE INDEX top_up_automatic_untold ON top_up (created_at) WHERE automatic AND status = 'failed' AND told_at IS NULL;
