-- What an ended batch cost, and would have cost interactively, once nothing can be added any more: a list of batches then reads no items.
-- Null: add up the items. Summed by a worker (`modules/batch/sum-batches.ts`).
ALTER TABLE batch
  ADD COLUMN charge      bigint CHECK (charge >= 0),
  ADD COLUMN interactive bigint CHECK (interactive >= 0),
  ADD CHECK ((charge IS NULL) = (interactive IS NULL)),
  ADD CHECK (charge IS NULL OR finished_at IS NOT NULL);
CREATE INDEX batch_to_sum ON batch (finished_at) WHERE charge IS NULL;
