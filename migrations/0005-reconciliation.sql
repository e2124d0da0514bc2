-- Up to where each account was last found right: the reconciler adds up only what came after.
CREATE TABLE reconciliation (
  account_id uuid PRIMARY KEY REFERENCES wallet (account_id),
  position   bigint NOT NULL,
  balance    bigint NOT NULL,
  debt       bigint NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now()
);
