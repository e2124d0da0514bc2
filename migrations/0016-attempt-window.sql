-- How often somebody did something within the hour that began with their first try: sign-ups and requested mails by address, top-ups by
-- account and address. `subject`: `<what>:<who>`. Rows of windows that are over are swept.
CREATE TABLE attempt_window (
  subject    text PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  attempts   integer NOT NULL CHECK (attempts > 0)
);
CREATE INDEX attempt_window_started ON attempt_window (started_at);
