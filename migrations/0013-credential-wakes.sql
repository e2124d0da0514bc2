-- How often an operator ended the rest of a vendor credential: nodes forget rests that began under a lower count.
ALTER TABLE vendor_credential ADD COLUMN wakes integer NOT NULL DEFAULT 0 CHECK (wakes >= 0);
