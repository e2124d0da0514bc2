-- What nodes must know: vendors, models, prices, endpoints, groups, regions, settings; the revision that counts every change of it; what
-- was published; and the nodes themselves. Every change goes through control-plane/db/change-config.ts.

CREATE TABLE vendor (
  id             text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name           text NOT NULL CHECK (name <> ''),
  protocol       text NOT NULL CHECK (protocol IN ('openai', 'anthropic', 'gemini')),
  base_url       text NOT NULL CHECK (base_url ~ '^https?://'),
  enabled        boolean NOT NULL DEFAULT true,
  regions        text[],
  connect_ms     integer NOT NULL DEFAULT 5000 CHECK (connect_ms > 0),
  first_token_ms integer NOT NULL DEFAULT 60000 CHECK (first_token_ms > 0),
  idle_ms        integer NOT NULL DEFAULT 60000 CHECK (idle_ms > 0),
  quirks         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(quirks) = 'object'),
  byok_base_url  boolean NOT NULL DEFAULT false,
  trains_on_data boolean NOT NULL DEFAULT false,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE byok_credential ADD FOREIGN KEY (vendor_id) REFERENCES vendor (id);

CREATE TABLE vendor_credential (
  id             uuid PRIMARY KEY,
  vendor_id      text NOT NULL REFERENCES vendor (id),
  label          text NOT NULL DEFAULT '',
  weight         integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
  enabled        boolean NOT NULL DEFAULT true,
  last4          text NOT NULL CHECK (length(last4) <= 4),
  sealed         jsonb NOT NULL,
  wrapped_key    text NOT NULL,
  secret_version integer NOT NULL DEFAULT 1 CHECK (secret_version > 0),
  created_at     timestamptz NOT NULL DEFAULT now(),
  deleted_at     timestamptz
);
CREATE INDEX vendor_credential_vendor ON vendor_credential (vendor_id) WHERE deleted_at IS NULL;

CREATE TABLE model (
  id                         text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$'),
  name                       text NOT NULL CHECK (name <> ''),
  description                text NOT NULL DEFAULT '',
  owned_by                   text NOT NULL,
  released_at                timestamptz NOT NULL,
  aliases                    text[] NOT NULL DEFAULT '{}',
  context_tokens             integer NOT NULL CHECK (context_tokens > 0),
  max_output_tokens          integer NOT NULL CHECK (max_output_tokens > 0),
  input_modalities           text[] NOT NULL DEFAULT '{text}',
  output_modalities          text[] NOT NULL DEFAULT '{text}',
  tokenizer                  text NOT NULL DEFAULT 'other',
  bytes_per_token_hundredths integer NOT NULL DEFAULT 400 CHECK (bytes_per_token_hundredths BETWEEN 50 AND 2000),
  capabilities               jsonb NOT NULL CHECK (jsonb_typeof(capabilities) = 'object'),
  supported_parameters       text[] NOT NULL DEFAULT '{}',
  tier                       text NOT NULL CHECK (tier IN ('frontier', 'standard', 'value')),
  deprecated                 boolean NOT NULL DEFAULT false,
  enabled                    boolean NOT NULL DEFAULT true,
  created_at                 timestamptz NOT NULL DEFAULT now(),
  updated_at                 timestamptz NOT NULL DEFAULT now()
);

-- What customers pay for a model from a moment on, pico-USD per token. A row never changes: a charge can be recomputed from it for ever.
CREATE TABLE model_price (
  revision       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id       text NOT NULL REFERENCES model (id),
  effective_from timestamptz NOT NULL,
  input_uncached bigint NOT NULL CHECK (input_uncached >= 0),
  cache_read     bigint NOT NULL CHECK (cache_read >= 0),
  cache_write_5m bigint NOT NULL CHECK (cache_write_5m >= 0),
  cache_write_1h bigint NOT NULL CHECK (cache_write_1h >= 0),
  output         bigint NOT NULL CHECK (output >= 0),
  requests       bigint NOT NULL DEFAULT 0 CHECK (requests >= 0),
  -- [{"aboveInputTokens": 200000, "rates": {"inputUncached": "2500000", ...}}], ascending.
  tiers          jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tiers) = 'array'),
  -- A price of 0 must be meant.
  free           boolean NOT NULL DEFAULT false,
  created_by     uuid REFERENCES app_user (id),
  created_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (model_id, effective_from),
  CHECK (free OR (input_uncached > 0 AND output > 0) OR requests > 0)
);
CREATE TRIGGER model_price_append_only BEFORE UPDATE OR DELETE ON model_price FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE endpoint (
  id                text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$'),
  model_id          text NOT NULL REFERENCES model (id),
  vendor_id         text NOT NULL REFERENCES vendor (id),
  upstream_model    text NOT NULL CHECK (upstream_model <> ''),
  enabled           boolean NOT NULL DEFAULT true,
  regions           text[],
  -- RatesRow: the operator's cost, decimal strings of pico-USD per token.
  cost              jsonb NOT NULL CHECK (jsonb_typeof(cost) = 'object'),
  context_tokens    integer CHECK (context_tokens > 0),
  max_output_tokens integer CHECK (max_output_tokens > 0),
  capabilities      jsonb,
  quirks            jsonb,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (model_id, vendor_id, upstream_model)
);
CREATE INDEX endpoint_vendor ON endpoint (vendor_id);

CREATE TABLE routing_group (
  id                 text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9._/-]{0,99}$'),
  name               text NOT NULL CHECK (name <> ''),
  description        text NOT NULL DEFAULT '',
  kind               text NOT NULL CHECK (kind IN ('code', 'write', 'reason', 'analyze', 'general')),
  enabled            boolean NOT NULL DEFAULT true,
  -- {"frontier": [model ids in failover order], "standard": [...], "value": [...]}
  tiers              jsonb NOT NULL CHECK (jsonb_typeof(tiers) = 'object'),
  threshold_standard double precision NOT NULL DEFAULT 0.35 CHECK (threshold_standard BETWEEN 0 AND 1),
  threshold_frontier double precision NOT NULL DEFAULT 0.7 CHECK (threshold_frontier BETWEEN 0 AND 1),
  hedge              boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now(),
  CHECK (threshold_standard <= threshold_frontier)
);

CREATE TABLE region (
  id          text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
  name        text NOT NULL CHECK (name <> ''),
  city        text NOT NULL DEFAULT '',
  url         text NOT NULL CHECK (url ~ '^https?://'),
  countries   text[] NOT NULL DEFAULT '{}',
  latitude    double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
  longitude   double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
  -- X25519 public key, raw base64url: 32 bytes.
  sealing_key text NOT NULL CHECK (length(sealing_key) = 43),
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now()
);

-- One row each.
CREATE TABLE setting (
  single   boolean PRIMARY KEY DEFAULT true CHECK (single),
  document jsonb NOT NULL
);
CREATE TABLE config_revision (
  single     boolean PRIMARY KEY DEFAULT true CHECK (single),
  revision   bigint NOT NULL CHECK (revision > 0),
  changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO config_revision (revision) VALUES (1);

-- What a revision touched: `access` stands for every key and account (a new base is made).
CREATE TABLE config_change (
  revision      bigint NOT NULL,
  ordinal       integer NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('catalog', 'key', 'account', 'access')),
  subject_type  text NOT NULL,
  subject_id    text NOT NULL,
  actor_user_id uuid REFERENCES app_user (id),
  at            timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (revision, ordinal)
);

-- The one way to a new revision, called as the last step of the changing transaction: the row lock orders the changes, so revisions
-- commit in order. `touched`: [{"kind", "subjectType", "subjectId"}]. Listeners hear of it when the transaction commits.
CREATE FUNCTION touch_config(touched jsonb, actor uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  bumped bigint;
BEGIN
  UPDATE config_revision SET revision = revision + 1, changed_at = now() RETURNING revision INTO bumped;
  INSERT INTO config_change (revision, ordinal, kind, subject_type, subject_id, actor_user_id)
    SELECT bumped, ordinality, item ->> 'kind', item ->> 'subjectType', item ->> 'subjectId', actor
    FROM jsonb_array_elements(touched) WITH ORDINALITY AS element (item, ordinality);
  PERFORM pg_notify('modelapi_config', bumped::text);
  RETURN bumped;
END $$;

-- Documents by the SHA-256 (hex) of their bytes.
CREATE TABLE snapshot_document (
  sha256     text PRIMARY KEY CHECK (length(sha256) = 64),
  kind       text NOT NULL CHECK (kind IN ('catalog', 'access')),
  bytes      bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE published_revision (
  revision         bigint PRIMARY KEY,
  manifest         jsonb NOT NULL,
  catalog          text NOT NULL REFERENCES snapshot_document (sha256),
  -- The revision that `catalog` was compiled at: older than `revision` when only keys changed, or when the newest catalogue was refused.
  catalog_revision bigint NOT NULL,
  -- Old bases are removed; catalogues stay, for diffs and rollbacks.
  access_base      text NOT NULL,
  key_count        integer NOT NULL,
  published_at     timestamptz NOT NULL DEFAULT now()
);
-- The exact JSON of each change since a base: its digest is signed, so it is kept as text.
CREATE TABLE access_change (
  base     text NOT NULL REFERENCES snapshot_document (sha256) ON DELETE CASCADE,
  revision bigint NOT NULL,
  json     text NOT NULL,
  PRIMARY KEY (base, revision)
);
-- A catalogue that failed its checks: nodes keep the one before; keys and accounts go out all the same.
CREATE TABLE refused_revision (
  revision   bigint PRIMARY KEY,
  problems   text[] NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE node (
  id            text PRIMARY KEY,
  region        text NOT NULL,
  url           text NOT NULL,
  version       text NOT NULL,
  epoch         bigint NOT NULL,
  status        jsonb NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX node_last_seen ON node (last_seen_at);
