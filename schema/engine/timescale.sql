-- Time series on TimescaleDB. The same functions as in postgres.sql; applied again whenever this file
-- changes, so it holds only what can be repeated.

CREATE SCHEMA IF NOT EXISTS series;

CREATE OR REPLACE FUNCTION series.engine() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'timescale' $$;

-- Turns an empty plain table into a hypertable.
CREATE OR REPLACE FUNCTION series.make_series(
  rel regclass, time_column name, chunk interval,
  segment_by text DEFAULT NULL, order_by text DEFAULT NULL,
  compress_after interval DEFAULT NULL, drop_after interval DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM create_hypertable(rel, by_range(time_column, chunk), create_default_indexes => false, if_not_exists => true);
  IF compress_after IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s SET (timescaledb.enable_columnstore, timescaledb.segmentby = %L, timescaledb.orderby = %L)',
                   rel, coalesce(segment_by, ''), coalesce(order_by, time_column || ' DESC'));
    CALL add_columnstore_policy(rel, after => compress_after, if_not_exists => true);
  END IF;
  IF drop_after IS NOT NULL THEN PERFORM add_retention_policy(rel, drop_after => drop_after, if_not_exists => true); END IF;
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
