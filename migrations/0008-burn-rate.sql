-- When somebody resumed a key that the burn-rate breaker had paused: they know, and it is left alone for a day.
ALTER TABLE api_key ADD COLUMN resumed_at timestamptz;
