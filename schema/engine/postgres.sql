-- Time series on plain PostgreSQL 16 and later. The same functions as in timescale.sql; applied again
-- whenever this file changes, so it holds only what can be repeated.

CREATE SCHEMA IF NOT EXISTS series;

CREATE OR REPLACE FUNCTION series.engine() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'postgres' $$;

CREATE TABLE IF NOT EXISTS series.series (
  rel         regclass PRIMARY KEY,
  time_column name NOT NULL,
  chunk       interval NOT NULL,
  drop_after  interval
);
-- Whether the column counts nanoseconds since the Unix epoch; otherwise it is a timestamptz.
ALTER TABLE series.series ADD COLUMN IF NOT EXISTS is_ns boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION series.bound(at timestamptz, is_ns boolean) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN is_ns THEN (extract(epoch FROM at) * 1000000000)::bigint::text ELSE at::text END
$$;

-- The partitions of a series, each with the moment at which it ends.
CREATE OR REPLACE FUNCTION series.parts(rel regclass) RETURNS TABLE (part regclass, end_time timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT c.oid::regclass, CASE WHEN s.is_ns THEN to_timestamp(b.bound::numeric / 1000000000) ELSE b.bound::timestamptz END
  FROM series.series s JOIN pg_inherits i ON i.inhparent = s.rel JOIN pg_class c ON c.oid = i.inhrelid,
       substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)') AS b (bound)
  WHERE s.rel = parts.rel
$$;

-- Turns an empty plain table into a series, partitioned by time. Indexes and checks go along; add
-- foreign keys, triggers and grants afterwards.
CREATE OR REPLACE FUNCTION series.make_series(
  rel regclass, time_column name, chunk interval,
  segment_by text DEFAULT NULL, order_by text DEFAULT NULL,
  compress_after interval DEFAULT NULL, drop_after interval DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE space text; title text;
BEGIN
  SELECT n.nspname, c.relname INTO space, title
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = rel;
  EXECUTE format('CREATE TABLE %I.%I (LIKE %s INCLUDING ALL) PARTITION BY RANGE (%I)', space, title || '__new', rel, time_column);
  EXECUTE format('DROP TABLE %s', rel);
  EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', space, title || '__new', title);
  rel := format('%I.%I', space, title)::regclass;
  EXECUTE format('CREATE INDEX ON %s USING brin (%I) WITH (pages_per_range = 32, autosummarize = on)', rel, time_column);
  INSERT INTO series.series VALUES (rel, time_column, chunk, drop_after,
    (SELECT a.atttypid = 'bigint'::regtype FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = time_column));
  PERFORM series.ensure_range(rel, now() - chunk, now() + 2 * chunk);
END $$;

-- Makes the partitions that rows of the range need; a row outside of every partition is refused.
CREATE OR REPLACE FUNCTION series.ensure_range(rel regclass, lo timestamptz, hi timestamptz)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE s series.series; a timestamptz; lo_bound text; hi_bound text; part text; made int := 0; space text; title text;
BEGIN
  SELECT * INTO STRICT s FROM series.series x WHERE x.rel = ensure_range.rel;
  SELECT n.nspname, c.relname INTO space, title
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = rel;
  a := date_bin(s.chunk, lo, timestamptz '2000-01-03 00:00:00+00');
  WHILE a <= hi LOOP
    part := title || '_p' || to_char(a AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MI');
    IF to_regclass(format('%I.%I', space, part)) IS NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('series.ensure_range'), rel::oid::int);
      IF to_regclass(format('%I.%I', space, part)) IS NULL THEN
        lo_bound := series.bound(a, s.is_ns);
        hi_bound := series.bound(a + s.chunk, s.is_ns);
        -- CREATE and ATTACH lock the parent only against schema changes; PARTITION OF would block every reader.
        EXECUTE format('CREATE TABLE %I.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE, CHECK (%I >= %L AND %I < %L))',
                       space, part, rel, s.time_column, lo_bound, s.time_column, hi_bound);
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', rel, space, part, lo_bound, hi_bound);
        made := made + 1;
      END IF;
    END IF;
    a := a + s.chunk;
  END LOOP;
  RETURN made;
END $$;

CREATE OR REPLACE FUNCTION series.set_retention(rel regclass, drop_after interval) RETURNS void LANGUAGE sql AS $$
  UPDATE series.series s SET drop_after = set_retention.drop_after WHERE s.rel = set_retention.rel
$$;

-- Makes partitions ahead and drops those past their retention. Call it every minute; one at a time.
CREATE OR REPLACE PROCEDURE series.maintain() LANGUAGE plpgsql AS $$
DECLARE s record; p record;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('series.maintain')) THEN RETURN; END IF;
  FOR s IN SELECT * FROM series.series LOOP
    PERFORM series.ensure_range(s.rel, now(), now() + 2 * s.chunk);
  END LOOP;
  FOR s IN SELECT * FROM series.series WHERE drop_after IS NOT NULL LOOP
    FOR p IN SELECT part FROM series.parts(s.rel) WHERE end_time < now() - s.drop_after LOOP
      EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', s.rel, p.part);
      EXECUTE format('DROP TABLE %s', p.part);
    END LOOP;
  END LOOP;
END $$;

-- Drops the parts that ended before so long and in which nothing was written since: a series of the
-- market's time may be written long after that time. The column tells when, in nanoseconds.
CREATE OR REPLACE FUNCTION series.drop_settled(rel regclass, keep interval, write_column name)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE p record; since bigint := series.bound(now() - keep, true); is_written boolean; dropped int := 0;
BEGIN
  FOR p IN SELECT part FROM series.parts(rel) WHERE end_time < now() - keep LOOP
    -- Until the commit, so that nothing is written between the look and the drop.
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rel);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I >= $1)', p.part, write_column) INTO is_written USING since;
    IF NOT is_written THEN
      EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', rel, p.part);
      EXECUTE format('DROP TABLE %s', p.part);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
