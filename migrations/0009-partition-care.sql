-- A request id of a node whose clock runs days ahead lies in the default partition, and then its day cannot have a partition of its own.
-- That day stays in the default one; the other days must not wait for it.
CREATE OR REPLACE FUNCTION ensure_money_partitions(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  wanted date;
BEGIN
  FOREACH parent IN ARRAY ARRAY['settlement', 'generation'] LOOP
    FOR wanted IN SELECT generate_series(first, last, interval '1 day')::date LOOP
      IF to_regclass(format('%I', parent || '_' || to_char(wanted, 'YYYYMMDD'))) IS NULL THEN
        BEGIN
          EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            parent || '_' || to_char(wanted, 'YYYYMMDD'), parent, first_uuid_of(wanted), first_uuid_of(wanted + 1));
        EXCEPTION WHEN check_violation THEN
          NULL;
        END;
      END IF;
    END LOOP;
  END LOOP;
END $$;
