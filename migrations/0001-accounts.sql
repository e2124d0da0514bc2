-- Accounts, people, sessions, keys, customers' vendor credentials, audit.
-- Ids are UUID v7 made by the application. Times are PostgreSQL's: no node's or process's clock decides an expiry.
-- What must never happen is refused here, whatever the application does.

CREATE TABLE account (
  id                  uuid PRIMARY KEY,
  name                text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
  -- A chargeback left a debt, or the reconciler found a mismatch: no new admission, logins still work.
  frozen_at           timestamptz,
  frozen_reason       text,
  requests_per_minute integer CHECK (requests_per_minute > 0),
  tokens_per_minute   integer CHECK (tokens_per_minute > 0),
  data_collection     text CHECK (data_collection IN ('allow', 'deny')),
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  CHECK ((frozen_at IS NULL) = (frozen_reason IS NULL))
);
CREATE INDEX account_created ON account (created_at, id);

CREATE TABLE app_user (
  id                uuid PRIMARY KEY,
  email             text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
  name              text NOT NULL DEFAULT '',
  -- argon2id; null for a person who comes only through an identity provider.
  password_hash     text CHECK (password_hash LIKE '$argon2id$%'),
  -- Set only by the seed and by another operator: no input of a customer reaches this column.
  operator          boolean NOT NULL DEFAULT false,
  email_verified_at timestamptz,
  totp_secret       jsonb,
  totp_enabled_at   timestamptz,
  -- The last accepted time step: a code works once.
  totp_last_step    bigint NOT NULL DEFAULT 0,
  recovery_hashes   text[] NOT NULL DEFAULT '{}',
  disabled_at       timestamptz,
  last_login_at     timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX app_user_email ON app_user (lower(email));

CREATE TABLE external_identity (
  issuer  text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL REFERENCES app_user (id),
  PRIMARY KEY (issuer, subject)
);

CREATE TABLE membership (
  account_id uuid NOT NULL REFERENCES account (id),
  user_id    uuid NOT NULL REFERENCES app_user (id),
  role       text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'billing', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, user_id)
);
CREATE INDEX membership_user ON membership (user_id);

CREATE TABLE invitation (
  id          uuid PRIMARY KEY,
  account_id  uuid NOT NULL REFERENCES account (id),
  email       text NOT NULL,
  role        text NOT NULL CHECK (role IN ('admin', 'developer', 'billing', 'viewer')),
  token_hash  bytea NOT NULL UNIQUE,
  invited_by  uuid NOT NULL REFERENCES app_user (id),
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  accepted_at timestamptz,
  revoked_at  timestamptz
);
CREATE INDEX invitation_account ON invitation (account_id, created_at);

-- One-time tokens sent by mail.
CREATE TABLE mail_token (
  token_hash bytea PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES app_user (id),
  purpose    text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX mail_token_user ON mail_token (user_id, purpose);

-- A session is a family of refresh tokens: each is used once; a second use ends the family.
CREATE TABLE session (
  id            uuid PRIMARY KEY,
  user_id       uuid NOT NULL REFERENCES app_user (id),
  account_id    uuid NOT NULL REFERENCES account (id),
  user_agent    text NOT NULL DEFAULT '',
  address       text NOT NULL DEFAULT '',
  created_at    timestamptz NOT NULL DEFAULT now(),
  last_used_at  timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz NOT NULL,
  revoked_at    timestamptz,
  revoke_reason text CHECK (revoke_reason IN ('logout', 'revoked', 'reuse', 'password_changed', 'account_closed')),
  CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE INDEX session_by_user ON session (user_id, created_at);

CREATE TABLE refresh_token (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  session_id uuid NOT NULL REFERENCES session (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  used_at    timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);
-- At most one token of a family is good.
CREATE UNIQUE INDEX refresh_token_live ON refresh_token (session_id) WHERE used_at IS NULL;

-- Back-off of logins and sign-ups, by account (`email:...`) and by address (`address:...`).
CREATE TABLE login_backoff (
  subject        text PRIMARY KEY,
  failures       integer NOT NULL CHECK (failures > 0),
  last_failed_at timestamptz NOT NULL,
  blocked_until  timestamptz NOT NULL
);

CREATE TABLE api_key (
  id                  uuid PRIMARY KEY,
  account_id          uuid NOT NULL REFERENCES account (id),
  created_by          uuid REFERENCES app_user (id),
  name                text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- HMAC-SHA256 under a pepper; the key itself is nowhere.
  hash                bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  prefix              text NOT NULL,
  last4               text NOT NULL CHECK (length(last4) = 4),
  test                boolean NOT NULL DEFAULT false,
  -- Null is no restriction.
  models              text[] CHECK (cardinality(models) BETWEEN 1 AND 200),
  ip_allowlist        text[] CHECK (cardinality(ip_allowlist) BETWEEN 1 AND 200),
  regions             text[] CHECK (cardinality(regions) BETWEEN 1 AND 50),
  requests_per_minute integer CHECK (requests_per_minute > 0),
  tokens_per_minute   integer CHECK (tokens_per_minute > 0),
  concurrency         integer CHECK (concurrency > 0),
  daily_nano          bigint CHECK (daily_nano >= 0),
  monthly_nano        bigint CHECK (monthly_nano >= 0),
  total_nano          bigint CHECK (total_nano >= 0),
  created_at          timestamptz NOT NULL DEFAULT now(),
  expires_at          timestamptz,
  -- Written by the ingestion of usage, at most once a minute.
  last_used_at        timestamptz,
  paused_at           timestamptz,
  pause_reason        text CHECK (pause_reason IN ('owner', 'burn_rate')),
  revoked_at          timestamptz,
  revoke_reason       text CHECK (revoke_reason IN ('owner', 'operator', 'leaked', 'account_closed')),
  replaced_by         uuid REFERENCES api_key (id),
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
  CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE INDEX api_key_account ON api_key (account_id, created_at, id);

-- A revoked key never comes back, and a key's secret, owner and kind never change.
CREATE FUNCTION api_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
    RAISE EXCEPTION 'api_key %: a revocation is final', OLD.id;
  END IF;
  IF NEW.hash <> OLD.hash OR NEW.account_id <> OLD.account_id OR NEW.test <> OLD.test THEN
    RAISE EXCEPTION 'api_key %: hash, account and kind are fixed', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER api_key_guard BEFORE UPDATE ON api_key FOR EACH ROW EXECUTE FUNCTION api_key_guard();

-- A customer's own vendor key: for one API key, or (api_key_id null) for every key of the account.
CREATE TABLE byok_credential (
  id             uuid PRIMARY KEY,
  account_id     uuid NOT NULL REFERENCES account (id),
  api_key_id     uuid REFERENCES api_key (id),
  vendor_id      text NOT NULL,
  mode           text NOT NULL CHECK (mode IN ('prefer', 'only')),
  base_url       text,
  last4          text NOT NULL CHECK (length(last4) <= 4),
  -- SealedSecret of shared/sealed.ts, and its data key wrapped by the KMS so that a new region can be added.
  sealed         jsonb NOT NULL,
  wrapped_key    text NOT NULL,
  secret_version integer NOT NULL DEFAULT 1 CHECK (secret_version > 0),
  created_at     timestamptz NOT NULL DEFAULT now(),
  deleted_at     timestamptz
);
CREATE INDEX byok_credential_account ON byok_credential (account_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX byok_credential_one ON byok_credential (account_id, coalesce(api_key_id, account_id), vendor_id) WHERE deleted_at IS NULL;

-- Append-only, hash-chained per chain (an account's id, or `house`). The trigger writes the links, so nobody can choose them.
CREATE TABLE audit_head (
  chain    text PRIMARY KEY,
  sequence bigint NOT NULL,
  hash     bytea NOT NULL
);

CREATE TABLE audit_log (
  id            uuid PRIMARY KEY,
  chain         text NOT NULL,
  sequence      bigint NOT NULL,
  at            timestamptz NOT NULL DEFAULT now(),
  account_id    uuid REFERENCES account (id),
  -- Null: the system itself (a worker, the seed).
  actor_user_id uuid REFERENCES app_user (id),
  actor_address text NOT NULL DEFAULT '',
  action        text NOT NULL,
  subject_type  text NOT NULL,
  subject_id    text NOT NULL,
  detail        jsonb NOT NULL DEFAULT '{}',
  previous_hash bytea NOT NULL,
  hash          bytea NOT NULL,
  UNIQUE (chain, sequence)
);
CREATE INDEX audit_log_account ON audit_log (account_id, at, id);
CREATE INDEX audit_log_at ON audit_log (at, id);

CREATE FUNCTION audit_line_hash(line audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(line.previous_hash || convert_to(jsonb_build_array(
    line.chain, line.sequence, extract(epoch FROM line.at)::text, line.id, line.account_id, line.actor_user_id, line.actor_address,
    line.action, line.subject_type, line.subject_id, line.detail)::text, 'UTF8'))
$$;

CREATE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.chain := coalesce(NEW.account_id::text, 'house');
  INSERT INTO audit_head (chain, sequence, hash) VALUES (NEW.chain, 0, sha256(convert_to(NEW.chain, 'UTF8'))) ON CONFLICT DO NOTHING;
  -- The row lock orders the lines of one chain.
  SELECT sequence + 1, hash INTO NEW.sequence, NEW.previous_hash FROM audit_head WHERE chain = NEW.chain FOR UPDATE;
  NEW.hash := audit_line_hash(NEW);
  UPDATE audit_head SET sequence = NEW.sequence, hash = NEW.hash WHERE chain = NEW.chain;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_chain();

-- A table that takes this trigger can only grow.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
