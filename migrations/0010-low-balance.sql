-- Whose people want to hear of a low balance. `told_at` is set while they have been told: they hear again only after the balance has
-- been well above the threshold.
CREATE TABLE low_balance_alert (
  account_id uuid PRIMARY KEY REFERENCES wallet (account_id),
  threshold  bigint NOT NULL CHECK (threshold > 0),
  told_at    timestamptz
);
