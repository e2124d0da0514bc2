-- A key and those that it was rotated into are one lineage, named by the first: budgets are the lineage's, so that rotating starts none
-- again. A key that replaces none is its own.
ALTER TABLE api_key ADD COLUMN lineage_id uuid;
WITH RECURSIVE line AS (
  SELECT id, replaced_by, id AS lineage FROM api_key WHERE NOT EXISTS (SELECT FROM api_key AS older WHERE older.replaced_by = api_key.id)
  UNION ALL
  SELECT newer.id, newer.replaced_by, line.lineage FROM line JOIN api_key AS newer ON newer.id = line.replaced_by)
UPDATE api_key SET lineage_id = line.lineage FROM line WHERE line.id = api_key.id;
ALTER TABLE api_key ALTER COLUMN lineage_id SET NOT NULL;
CREATE INDEX api_key_lineage ON api_key (lineage_id);

CREATE FUNCTION api_key_lineage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.lineage_id := coalesce(NEW.lineage_id, NEW.id);
  ELSIF NEW.lineage_id IS DISTINCT FROM OLD.lineage_id THEN
    RAISE EXCEPTION 'api_key %: its lineage never changes', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER api_key_lineage BEFORE INSERT OR UPDATE OF lineage_id ON api_key FOR EACH ROW EXECUTE FUNCTION api_key_lineage();
