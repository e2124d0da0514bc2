-- Webhooks out: where customers want to be told, and every message to them until it is delivered or given up.

-- What messages are signed with: of an endpoint, or of the account itself (for callback URLs of batches, which have no endpoint).
CREATE TABLE webhook_secret (
  -- The endpoint's id, or the account's.
  owner_id       uuid PRIMARY KEY,
  account_id     uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  -- Sealed by the KMS.
  secret         text NOT NULL,
  -- Signs too until then, so that a rotation loses nothing.
  previous       text,
  previous_until timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now(),
  CHECK ((previous IS NULL) = (previous_until IS NULL))
);

CREATE TABLE webhook_endpoint (
  id            uuid PRIMARY KEY,
  account_id    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  url           text NOT NULL,
  -- Empty is all.
  event_types   text[] NOT NULL,
  -- Deleted ones stay while messages name them.
  status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'deleted')),
  -- gone: it answered 410. failing: nothing was taken for days.
  disabled_reason text CHECK (disabled_reason IN ('gone', 'failing', 'owner')),
  failing_since timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  CHECK ((disabled_reason IS NOT NULL) = (status = 'disabled'))
);
CREATE INDEX webhook_endpoint_by_account ON webhook_endpoint (account_id, id) WHERE status <> 'deleted';

CREATE TABLE webhook_delivery (
  -- The webhook-id, the same at every attempt.
  id              uuid PRIMARY KEY,
  account_id      uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  endpoint_id     uuid REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
  -- Of the caller's own; null is the endpoint's.
  callback_url    text,
  event_type      text NOT NULL,
  -- The very bytes that are signed and sent.
  payload         text NOT NULL,
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  -- Ever, and of the schedule: sending again by hand begins the schedule anew.
  attempts        integer NOT NULL DEFAULT 0,
  retries         integer NOT NULL DEFAULT 0,
  -- Due then. Moved ahead while a worker holds it, so that another takes over when that one dies.
  next_at         timestamptz NOT NULL DEFAULT now(),
  response_status integer,
  response_body   text,
  -- Why there was no response.
  problem         text,
  attempted_at    timestamptz,
  delivered_at    timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  CHECK ((endpoint_id IS NULL) <> (callback_url IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_at) WHERE status = 'pending';
CREATE INDEX webhook_delivery_by_account ON webhook_delivery (account_id, id DESC);
CREATE INDEX webhook_delivery_by_endpoint ON webhook_delivery (endpoint_id) WHERE status = 'pending';
CREATE INDEX webhook_delivery_age ON webhook_delivery (created_at);
