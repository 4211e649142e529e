-- Time series on TimescaleDB. The same functions as in postgres.sql; applied again whenever this file
-- changes, so it holds only what can be repeated.

CREATE SCHEMA IF NOT EXISTS series;

CREATE OR REPLACE FUNCTION series.engine() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'timescale' $$;

-- What a column of nanoseconds since the Unix epoch calls now.
CREATE OR REPLACE FUNCTION series.now_ns() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (extract(epoch FROM now()) * 1000000000)::bigint
$$;

CREATE OR REPLACE FUNCTION series.length_ns(length interval) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT (extract(epoch FROM length) * 1000000000)::bigint
$$;

-- Turns an empty plain table into a hypertable. Its time is a timestamptz, or nanoseconds since the
-- Unix epoch.
CREATE OR REPLACE FUNCTION series.make_series(
  rel regclass, time_column name, chunk interval,
  segment_by text DEFAULT NULL, order_by text DEFAULT NULL,
  compress_after interval DEFAULT NULL, drop_after interval DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE is_ns boolean;
BEGIN
  SELECT a.atttypid = 'bigint'::regtype INTO STRICT is_ns FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = time_column;
  IF is_ns THEN
    PERFORM create_hypertable(rel, by_range(time_column, series.length_ns(chunk)), create_default_indexes => false, if_not_exists => true);
    PERFORM set_integer_now_func(rel, 'series.now_ns', replace_if_exists => true);
  ELSE
    PERFORM create_hypertable(rel, by_range(time_column, chunk), create_default_indexes => false, if_not_exists => true);
  END IF;
  IF compress_after IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s SET (timescaledb.enable_columnstore, timescaledb.segmentby = %L, timescaledb.orderby = %L)',
                   rel, coalesce(segment_by, ''), coalesce(order_by, time_column || ' DESC'));
    IF is_ns THEN
      CALL add_columnstore_policy(rel, after => series.length_ns(compress_after), if_not_exists => true);
    ELSE
      CALL add_columnstore_policy(rel, after => compress_after, if_not_exists => true);
    END IF;
  END IF;
  IF drop_after IS NOT NULL AND is_ns THEN
    PERFORM add_retention_policy(rel, drop_after => series.length_ns(drop_after), if_not_exists => true);
  ELSIF drop_after IS NOT NULL THEN
    PERFORM add_retention_policy(rel, drop_after => drop_after, if_not_exists => true);
  END IF;
END $$;

-- Chunks are made on demand.
CREATE OR REPLACE FUNCTION series.ensure_range(rel regclass, lo timestamptz, hi timestamptz)
RETURNS int LANGUAGE sql AS $$ SELECT 0 $$;

CREATE OR REPLACE FUNCTION series.set_retention(rel regclass, drop_after interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM remove_retention_policy(rel, if_exists => true);
  IF drop_after IS NOT NULL THEN PERFORM add_retention_policy(rel, drop_after => drop_after); END IF;
END $$;

-- The extension's own workers do it.
CREATE OR REPLACE PROCEDURE series.maintain() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;

-- Drops the chunks that ended before so long and in which nothing was written since: a series of the
-- market's time may be written long after that time. The column tells when, in nanoseconds.
CREATE OR REPLACE FUNCTION series.drop_settled(rel regclass, keep interval, write_column name)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE c record; since bigint := series.now_ns() - series.length_ns(keep); is_written boolean; dropped int := 0;
BEGIN
  FOR c IN SELECT format('%I.%I', chunk_schema, chunk_name) AS part, range_start_integer AS lo, range_end_integer AS hi
           FROM timescaledb_information.chunks
           WHERE format('%I.%I', hypertable_schema, hypertable_name)::regclass = rel AND range_end_integer < since LOOP
    -- Until the commit, so that nothing is written between the look and the drop.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', rel);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I >= $1)', c.part, write_column) INTO is_written USING since;
    IF NOT is_written THEN
      PERFORM drop_chunks(rel, older_than => c.hi, newer_than => c.lo);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
