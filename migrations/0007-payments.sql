-- Money that comes in. A top-up is what a customer asked for; what it credited and what went back stand in the ledger under its id.

CREATE TABLE top_up (
  id             uuid PRIMARY KEY,
  account_id     uuid NOT NULL REFERENCES account (id),
  created_by     uuid REFERENCES app_user (id),
  method         text NOT NULL CHECK (method IN ('card', 'wechat_pay', 'alipay', 'usdt')),
  -- What was asked for. A chain deposit credits what arrives instead.
  amount         bigint NOT NULL CHECK (amount > 0),
  status         text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'paid', 'failed', 'expired', 'refunded', 'disputed')),
  -- Of Stripe: each names one top-up.
  session_id     text UNIQUE,
  payment_intent text UNIQUE,
  checkout_url   text,
  -- Of a chain.
  network        text,
  expires_at     timestamptz,
  -- Cumulative, so that a notice that comes twice, late or out of order changes nothing.
  credited       bigint NOT NULL DEFAULT 0 CHECK (credited >= 0),
  refunded       bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
  created_at     timestamptz NOT NULL DEFAULT now(),
  paid_at        timestamptz,
  CHECK (refunded <= credited)
);
CREATE INDEX top_up_account ON top_up (account_id, id);
CREATE INDEX top_up_pending ON top_up (created_at) WHERE status = 'pending' AND session_id IS NOT NULL;

CREATE TABLE dispute (
  id         text PRIMARY KEY,
  top_up_id  uuid NOT NULL REFERENCES top_up (id),
  amount     bigint NOT NULL CHECK (amount > 0),
  status     text NOT NULL CHECK (status IN ('open', 'won', 'lost')),
  created_at timestamptz NOT NULL DEFAULT now(),
  closed_at  timestamptz
);

-- Every notice once. What it says is not believed: the object is fetched from the vendor and its state acted on.
CREATE TABLE payment_event (
  provider    text NOT NULL,
  event_id    text NOT NULL,
  type        text NOT NULL,
  object_id   text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  handled_at  timestamptz,
  outcome     text,
  PRIMARY KEY (provider, event_id)
);

-- One address an account and network, derived from an extended public key by `address_index`.
CREATE TABLE deposit_address (
  network       text NOT NULL,
  account_id    uuid NOT NULL REFERENCES account (id),
  address_index integer NOT NULL CHECK (address_index >= 0),
  -- 20 bytes, lower-case hex.
  address       text NOT NULL CHECK (address ~ '^0x[0-9a-f]{40}$'),
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network, account_id),
  UNIQUE (network, address_index),
  UNIQUE (network, address)
);

-- The last block whose transfers were read.
CREATE TABLE chain_cursor (
  network text PRIMARY KEY,
  block   bigint NOT NULL CHECK (block >= 0)
);

-- A transfer to one of our addresses. Credited only when final; `orphaned` when a reorganisation took its block away.
CREATE TABLE deposit (
  network      text NOT NULL,
  tx_hash      text NOT NULL,
  log_index    integer NOT NULL,
  block_number bigint NOT NULL,
  block_hash   text NOT NULL,
  address      text NOT NULL,
  account_id   uuid NOT NULL REFERENCES account (id),
  -- Micro-USDT, as on chain.
  micro        bigint NOT NULL CHECK (micro > 0),
  status       text NOT NULL CHECK (status IN ('confirming', 'credited', 'orphaned')),
  seen_at      timestamptz NOT NULL DEFAULT now(),
  credited_at  timestamptz,
  PRIMARY KEY (network, tx_hash, log_index),
  FOREIGN KEY (network, address) REFERENCES deposit_address (network, address)
);
CREATE INDEX deposit_confirming ON deposit (network, block_number) WHERE status = 'confirming';
CREATE INDEX deposit_account ON deposit (account_id, seen_at);
